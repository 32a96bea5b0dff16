"""Breaks a command at one file-system event, by audit hook: no code of miner knows of it."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink")


class Breaker:
    """The audit hook.

    Events are the openings for writing, renamings, deletions and new folders below `folder`, counted from 1;
    event 0 breaks nothing. `fault` is kill, term, int, or the name of an errno such as ENOSPC, which that event
    then fails with; ENOSPC+ fails all that follow too.
    """

    def __init__(self, folder: Path, event: int, fault: str) -> None:
        self.folder, self.event, self.fault, self.count = str(folder.resolve()), event, fault, 0

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> None:
        if not (name in CHANGES or (name == "open" and self._writes(arguments))):
            return
        if not self._below(arguments[0]):
            return
        self.count += 1
        lasting = self.fault.endswith("+")
        if self.event and (self.count == self.event or (lasting and self.count > self.event)):
            self._strike(arguments[0])

    def _strike(self, path: Any) -> None:
        signals = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT}
        if self.fault in signals:
            os.kill(os.getpid(), signals[self.fault])
            return
        number = getattr(errno, self.fault.removesuffix("+"))
        raise OSError(number, os.strerror(number), path)

    @staticmethod
    def _writes(arguments: tuple[Any, ...]) -> bool:
        mode, flags = arguments[1], arguments[2]
        return bool(isinstance(mode, str) and set(mode) & set("wax+")) or bool((flags or 0) & WRITING)

    def _below(self, path: Any) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        return os.path.abspath(os.fsdecode(path)).startswith(self.folder)  # noqa: PTH100
