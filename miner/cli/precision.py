"""What to say of a precision before it is computed in."""

from __future__ import annotations

from miner.cli.console import say


def say_slow(dtype: str | None, device: str | None = None) -> None:
    """That a precision saves no time here, where the processor is known to lack what makes it fast."""
    from miner.models.hardware import lacks, may_have_gpu

    on_processor = device == "cpu" or (device is None and not may_have_gpu())
    if dtype and on_processor and lacks(dtype):
        say(f"this processor has no instruction for products in {dtype}: expect it to be no faster than fp32")
