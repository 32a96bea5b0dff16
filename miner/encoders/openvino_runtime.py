"""OpenVINO itself: loaded late, and no more of it than is needed."""

from __future__ import annotations

import os
import sys
from functools import cache
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


def core() -> Any:
    """OpenVINO's core, one for the life of the process.

    With the last core goes the processor's plug-in, and with that the stack it has set up for signals. Where that
    happens in another thread than the plug-in was made in, the next signal, Ctrl-C say, kills the process.
    """
    return _core_of(os.getpid())


@cache
def _core_of(process: int) -> Any:
    return openvino().Core()


def openvino_version() -> str:
    """As the package index calls it."""
    return str(openvino().__version__).partition("-")[0]
