"""From options to an executor, for the commands whose work can be spread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miner.executors import Openable


def executor_of(text: str, ray_address: str | None) -> Openable:
    """The executor that options spell. Raises ConfigError, also for an address where nobody goes."""
    from miner.errors import ConfigError
    from miner.executors import Ray, parse_executor

    found = parse_executor(text)
    if ray_address is None:
        return found
    if not isinstance(found, Ray):
        raise ConfigError(f"--ray-address is for --executor ray; the executor is {found!r}")
    return replace(found, address=ray_address)
