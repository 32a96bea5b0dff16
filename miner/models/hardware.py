"""What the machine computes in and on; the only place that finds out."""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from platform import machine

BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
FAST = {
    "bf16": {*BF16_FLAGS, "bf16"},
    "int8": {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"},
}
"""One of which a processor needs to multiply and sum in few bits at once, as Linux names them on x86 and ARM."""
QUOTAS = (
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
)
"""Where a container reads how much time of how much its processes may take: one file, or one for each number."""


def cores() -> int:
    """Threads to use: OMP_NUM_THREADS, else `processors`."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    return processors()


def processors() -> int:
    """Those that this process may run on, but no more than its container may keep busy."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, _quota() or there)


def _quota() -> int | None:
    """Processors that the container may keep busy, if it is limited."""
    together, quota, period = map(Path, QUOTAS)
    with suppress(OSError, ValueError):
        said = together.read_text().split() if together.exists() else [quota.read_text(), period.read_text()]
        allowed, length = map(int, said)
        return math.ceil(allowed / length) if allowed > 0 else None
    return None


def has_bf16(device: str = "cpu") -> bool:
    """Whether the processor or the GPU multiplies matrices of bf16 itself."""
    if device == "cpu":
        return bool(BF16_FLAGS & _processor_flags())
    if not device.startswith("cuda"):
        return False
    import torch

    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def lacks(dtype: str) -> bool:
    """Whether the processor is known to have no instruction for products in a dtype: bf16 or int8."""
    return dtype in FAST and bool(flags := _processor_flags()) and not FAST[dtype] & flags


def may_have_gpu() -> bool:
    """Whether there is a sign of a GPU that torch can use: told without loading torch, which takes seconds."""
    if sys.platform == "darwin":
        return machine() == "arm64"
    return any(Path(path).exists() for path in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg"))


@cache
def best_device() -> str:
    """'cuda', 'mps' or 'cpu'."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@cache
def _processor_flags() -> frozenset[str]:
    """What Linux says the first processor can do; none where nobody says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    said = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
    return frozenset(next(said, "").split())
