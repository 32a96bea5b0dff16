"""What a command does not wait for."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from typing import Any

WITHOUT_PANDAS = ("build-index", "calibrate", "explain", "mine", "verify")
"""Commands that make arrow arrays and no data frames."""


class _NoPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname == "pandas":
            raise ImportError(fullname)


def spare_pandas() -> None:
    """Keep pyarrow from loading pandas, where that is installed, for the first array that it makes: half a second.

    It looks for pandas once; what wants a data frame later loads it all the same.
    """
    if "pandas" in sys.modules or find_spec("pandas") is None:
        return
    import pyarrow as pa

    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
