"""What the processor can do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


@cache
def has_bf16() -> bool:
    """Whether the processor multiplies matrices of bf16 itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and BF16_FLAGS & set(line.split()) for line in lines)
