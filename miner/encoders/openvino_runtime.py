"""OpenVINO itself: loaded late, and no more of it than is needed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from miner.errors import MissingExtra

CONVERTER = "openvino.tools.ovc"


def openvino() -> Any:
    """OpenVINO without its reports of use: it goes without the package that sends them if there is none; and
    without its converter, which is a third of what there is to load. Raises MissingExtra.
    """
    if "openvino" in sys.modules:
        return sys.modules["openvino"]
    if find_spec("openvino") is None:
        raise MissingExtra("--backend openvino", "openvino")
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    sys.modules[CONVERTER] = None  # type: ignore[assignment]
    try:
        import openvino
    finally:
        del sys.modules[CONVERTER]
    openvino.convert_model = _convert_model
    return openvino


def _convert_model(*arguments: Any, **options: Any) -> Any:
    """The converter, loaded when it is wanted."""
    module = openvino()
    module.convert_model = import_module(CONVERTER).convert_model
    return module.convert_model(*arguments, **options)


def openvino_version() -> str:
    """As the package index calls it."""
    return str(openvino().__version__).partition("-")[0]
