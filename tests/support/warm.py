"""`miner` and `python` for tests, without their start: each call is a fork of one process that has imported what
commands import.

What is killed, ended or ends by itself is the fork, as if it were the process that was called. What a process imports
that begins with nothing is for tests that begin one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import shlex
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

ROOT = Path(__file__).parents[2]
PLACE = "MINER_TESTS_WARM"
"""The variable that names the folder of commands, where it is there for all that is run."""
PACKAGES = (
    "faiss",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "pandas",
    "pyarrow.parquet",
    "scipy.sparse.csgraph",
    "typer._adapters",
)
"""What commands import that use no model."""
MODELS = (
    "cohere.client",
    "fastapi",
    "hypothesis",
    "ir_measures",
    "nbformat",
    "openai",
    "openvino",
    "pptx",
    "selenium.webdriver",
    "sentence_transformers",
    "uvicorn",
)
"""What those with a model or a server import besides, and tests."""
CLIENT = """
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as talk:
    talk.connect(sys.argv[1])
    os.umask(mask := os.umask(0))
    call = json.dumps([sys.argv[2:], os.getcwd(), mask, dict(os.environ)]).encode()
    socket.send_fds(talk, [len(call).to_bytes(8, "big")], [0, 1, 2])
    talk.sendall(call)
    fork = int.from_bytes(talk.recv(8), "big")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: os.kill(fork, number))
    code = talk.recv(1)
    if not code:
        os.kill(os.getpid(), signal.SIGKILL)
    sys.exit(code[0])
"""
"""Hands over its words, folder, environment and streams, and ends as the call does."""


@contextmanager
def warm_commands() -> Iterator[Path]:
    """A folder for PATH with the commands `miner` and `python`: the one that is there already, or one of our own."""
    if there := os.environ.get(PLACE):
        yield Path(there)
        return
    with TemporaryDirectory(prefix="warm-") as name:
        folder, at = Path(name), Path(name) / "socket"
        (folder / "client.py").write_text(CLIENT)
        for command in ("miner", "python"):
            words = [sys.executable, "-IS", str(folder / "client.py"), str(at), command]
            (folder / command).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            (folder / command).chmod(0o700)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        server = [sys.executable, "-m", "tests.support.warm", str(at)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(server, **pipes, text=True, env=environment) as running:  # type: ignore[call-overload]
            try:
                assert running.stdout is not None
                assert running.stdout.readline() == "ready\n"
                yield folder
            finally:
                running.kill()


def imported(packages: Iterable[str] = PACKAGES) -> None:
    """Import here what the commands import, so that forks need not.

    What forks share stays shared, for no garbage is looked for in it; and none of them waits for a disk, as a
    process that is killed has written what it wrote.
    """
    import miner.cli

    rooms = [module.name for module in pkgutil.walk_packages(miner.cli.__path__, "miner.cli.")]
    for name in (*packages, *rooms):
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    os.fsync = os.fstat  # type: ignore[assignment]


def serve(at: str) -> None:
    """Forks until whoever began this ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    imported((*PACKAGES, *MODELS))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(at)
        listening.listen()
        print("ready", flush=True)
        while listening in select.select([listening, sys.stdin], [], [])[0]:
            talk, _ = listening.accept()
            if not os.fork():
                listening.close()
                answer(talk)
            talk.close()


def answer(talk: socket.socket) -> None:
    """In the fork: what was called, in the caller's folder and environment and with its streams."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    size, streams, _, _ = socket.recv_fds(talk, 8, 3)
    with talk.makefile("rb") as stream:
        (command, *words), folder, mask, environment = json.loads(stream.read(int.from_bytes(size, "big")))
    for number, given in enumerate(streams):
        os.dup2(given, number)
        os.close(given)
    os.chdir(folder)
    os.umask(mask)
    os.environ.clear()
    os.environ.update(environment)
    talk.sendall(os.getpid().to_bytes(8, "big"))
    threading.Thread(target=end_with_caller, args=[talk], daemon=True).start()
    code = ended(command, words)
    for output in (sys.stdout, sys.stderr):
        output.flush()
    talk.sendall(bytes([code]))
    os._exit(code)


def end_with_caller(talk: socket.socket) -> None:
    """A caller that was killed takes the fork with it."""
    talk.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def ended(command: str, words: list[str]) -> int:
    """The exit code of a call."""
    sys.modules["__main__"] = main = ModuleType("__main__")
    sys.path[0] = "" if command == "python" else str(Path(sys.executable).parent)
    try:
        if command == "miner":
            words = ["-c", "from miner.cli import main; main()", *words]
        option, code, *rest = [word for word in words if word != "-u"]
        if option == "-m":
            sys.argv = [code, *rest]
            runpy.run_module(code, run_name="__main__", alter_sys=True)
        else:
            assert option == "-c"
            sys.argv = ["miner" if command == "miner" else option, *rest]
            exec(compile(code, "<string>", "exec"), main.__dict__)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
