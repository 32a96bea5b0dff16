"""OpenVINO itself: loaded late, and no more of it than is needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import Any, TypeVar

from miner.errors import MissingExtra

T = TypeVar("T")
CONVERTER = "openvino.tools.ovc"
_READING = Lock()


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


def apart(work: Callable[[], T]) -> T:
    """What work returns, done in a thread of its own: for all that compiles a model.

    The processor's plug-in gives the thread it is made in a stack for signals, and takes it back where it goes: if that
    is in another thread, the next signal to the first one, Ctrl-C say, kills the process.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def begun(work: Callable[[], T]) -> Future[T]:
    """What work will return, done in a thread of its own beside what the caller does."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work)
    finally:
        pool.shutdown(wait=False)


def openvino_version() -> str:
    """As the package index calls it."""
    return str(openvino().__version__).partition("-")[0]
