"""What the server and a job of its own take of the machine's memory, and what is done where it is too much."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Budget:
    """So many bytes for the server and its job together; None for as many as there are.

    `keep` lets go of all loaded models but so many.
    """

    limit: int | None = None
    keep: Callable[[int], None] = lambda count: None

    def refused(self, job: int) -> str:
        """Why the job of that process has to end: too much is in use, though only one model is loaded."""
        if self.limit is None or resident(os.getpid()) + resident(job) <= self.limit:
            return ""
        self.keep(1)
        taken = resident(os.getpid()), resident(job)
        if sum(taken) <= self.limit:
            return ""
        own, others = (count >> 20 for count in taken)
        return (
            f"it needs more memory than --max-memory leaves it: the server takes {own} MB, "
            f"the job {others} MB, and {self.limit >> 20} MB are allowed"
        )


def resident(process: int) -> int:
    """Bytes that a process holds in memory; 0 where that cannot be told, or it has ended."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
