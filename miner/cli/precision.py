"""What to say of a precision before it is computed in."""

from __future__ import annotations

from miner.cli.console import say


def say_slow(dtype: str | None) -> None:
    """That int8 saves no time here, where the processor is known to lack what makes it fast."""
    from miner.encoders.load import INT8
    from miner.models.hardware import lacks_int8

    if dtype == INT8 and lacks_int8():
        say(
            "this processor has no instruction for products of 8 bits (VNNI or its like): "
            "expect int8 to take longer than fp32"
        )
