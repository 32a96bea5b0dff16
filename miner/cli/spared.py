"""What a command does not wait for."""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

WITHOUT_PANDAS = ("build-index", "calibrate", "explain", "mine", "verify")
"""Commands that make arrow arrays and no data frames."""


def spare_pandas() -> None:
    """Keep pyarrow, if it is loaded, from loading pandas for the first array that it makes: half a second.

    It looks for pandas once; what wants a data frame later loads it all the same.
    """
    if not {"pandas", "pyarrow"} & sys.modules.keys():
        sys.meta_path.insert(0, _ArrowFinder())


class _ArrowFinder(MetaPathFinder):
    """Sees to it that the first array is made as soon as pyarrow is loaded, with pandas out of sight."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != "pyarrow":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _ArrowLoader(spec.loader)
        return spec


class _ArrowLoader(Loader):
    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        finder = _NoPandas()
        sys.meta_path.insert(0, finder)
        try:
            module.array([0])
        finally:
            sys.meta_path.remove(finder)


class _NoPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname == "pandas":
            raise ImportError(fullname)
