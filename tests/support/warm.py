"""`miner` and `python` for shells, without their start: each call is a fork of one process that has imported packages.

Only packages of others are imported before: miner's own modules are read by each fork anew, as by a process of its own.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "faiss",
    "jinja2",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "openvino",
    "orjson",
    "pandas",
    "pyarrow.compute",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scipy.sparse.csgraph",
    "tokenizers",
    "typer._adapters",
)
CLIENT = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as talk:
    talk.connect(sys.argv[1])
    call = json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(talk, [len(call).to_bytes(8, "big")], [0, 1, 2])
    talk.sendall(call)
    sys.exit((talk.recv(1) or b"F")[0])
"""
"""Hands over its words, folder, environment and streams, and ends as the call does."""


@contextmanager
def warm_commands() -> Iterator[Path]:
    """A folder for PATH with the commands `miner` and `python -c`."""
    with TemporaryDirectory(prefix="warm-") as name:
        folder, at = Path(name), Path(name) / "socket"
        (folder / "client.py").write_text(CLIENT)
        for command in ("miner", "python"):
            words = [sys.executable, "-IS", str(folder / "client.py"), str(at), command]
            (folder / command).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            (folder / command).chmod(0o700)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        server = [sys.executable, "-m", "tests.support.warm", str(at)]
        with subprocess.Popen(server, stdout=subprocess.PIPE, text=True, env=environment) as running:
            try:
                assert running.stdout is not None
                assert running.stdout.readline() == "ready\n"
                yield folder
            finally:
                running.kill()


def settle() -> None:
    """What forks share stays shared, for no garbage is looked for in it; and none of them waits for a disk, as a
    process that is killed has written what it wrote.
    """
    gc.collect()
    gc.freeze()
    os.fsync = os.fstat  # type: ignore[assignment]


def serve(at: str) -> None:
    for name in PACKAGES:
        with suppress(ImportError):
            importlib.import_module(name)
    settle()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(at)
        listening.listen()
        print("ready", flush=True)
        while True:
            talk, _ = listening.accept()
            if not os.fork():
                listening.close()
                answer(talk)
            talk.close()


def answer(talk: socket.socket) -> None:
    """In the fork: what was called, in the caller's folder and environment and with its streams."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(talk, 8, 3)
    with talk.makefile("rb") as stream:
        (command, *words), folder, environment = json.loads(stream.read(int.from_bytes(size, "big")))
    for number, given in enumerate(streams):
        os.dup2(given, number)
        os.close(given)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = "" if command == "python" else str(Path(sys.executable).parent)
    code = ended(command, words)
    for output in (sys.stdout, sys.stderr):
        output.flush()
    talk.sendall(bytes([code]))
    os._exit(code)


def ended(command: str, words: list[str]) -> int:
    """The exit code of a call."""
    try:
        if command == "miner":
            from miner.cli import main

            sys.argv = ["miner", *words]
            main()
        else:
            option, code = words
            assert option == "-c"
            exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
