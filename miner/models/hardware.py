"""What the machine computes in and on; the only place that finds out."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from platform import machine

BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


def has_bf16(device: str = "cpu") -> bool:
    """Whether the processor or the GPU multiplies matrices of bf16 itself."""
    if device == "cpu":
        return _processor_has_bf16()
    if not device.startswith("cuda"):
        return False
    import torch

    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


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
def _processor_has_bf16() -> bool:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and BF16_FLAGS & set(line.split()) for line in lines)
