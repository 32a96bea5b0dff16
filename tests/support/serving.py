"""Servers for tests, on loopback: one in a thread, one in a process that can be killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import pytest
import uvicorn
from fastapi.routing import APIRoute

from miner.serving import ServerSettings, jobs
from miner.serving.app import ROUTERS, application
from miner.serving.connections import Crowd
from miner.serving.server import bind
from miner.serving.services import Services

Found = TypeVar("Found")
PATIENCE = 900.0


@contextmanager
def serving(settings: ServerSettings) -> Iterator[tuple[str, Services]]:
    """A server in a thread: its address, and what is behind it."""
    home = Services.open(settings)
    with bind("127.0.0.1", 0) as bound:
        http = Crowd(settings.limits).protocol()
        config = uvicorn.Config(application(home), http=http, ws="none", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{bound.getsockname()[1]}", home
        server.should_exit = True
        thread.join()


@contextmanager
def process(
    state: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    python: str | Path = sys.executable,
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`miner serve` in a process of its own, which is killed at the end where it still lives; that of another
    checkout of miner where its `folder` is given.
    """
    command = [str(python), "-c", "from miner.cli import main; main()", "serve", str(state), "--port", "0"]
    settings = {**os.environ, **(environment or {})}
    with subprocess.Popen(
        [*command, *options], stderr=subprocess.PIPE, text=True, env=settings, cwd=folder
    ) as running:
        try:
            assert running.stderr is not None
            found = (re.search(r"http://[\d.]+:\d+", line) for line in running.stderr)
            address = next((each for each in found if each), None)
            assert address, "the server said no address"
            threading.Thread(target=running.stderr.read, daemon=True).start()
            yield address.group(), running
        finally:
            running.kill()


def until(look: Callable[[], Found | None], patience: float = PATIENCE) -> Found:
    """What `look` finds once it finds something."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if (found := look()) is not None:
            return found
        time.sleep(0.05)
    raise TimeoutError


def jobs_of(folder: Path) -> list[int]:
    """Processes that work for a state folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"miner.serving.job_process" in words and any(os.fsencode(folder) in word for word in words):
            found.append(int(entry.parent.name))
    return found


@contextmanager
def jobs_by(python: Path) -> Iterator[None]:
    """Jobs that servers in this process begin meanwhile are run by that python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "sys", SimpleNamespace(executable=str(python)))
        yield


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def routes() -> dict[str, set[str]]:
    """Every path that an application answers to, and its methods."""
    found: dict[str, set[str]] = {}
    for part in ROUTERS:
        for route in part.routes.routes:
            if isinstance(route, APIRoute):
                found.setdefault(route.path, set()).update(route.methods or ())
    return found | {"/openapi.json": {"GET"}}
