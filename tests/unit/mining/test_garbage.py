"""While there is mining, what was there before is left out of garbage collections, and a host's choice stands."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from miner.mining import garbage
from miner.mining.garbage import gc_frozen


@dataclass
class Collector:
    """Stands for the module gc."""

    frozen: int = 0
    counted: int = 0

    def freeze(self) -> None:
        self.frozen += 100

    def unfreeze(self) -> None:
        self.frozen = 0

    def get_freeze_count(self) -> int:
        self.counted += 1
        return self.frozen


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Collector:
    found = Collector()
    monkeypatch.setattr(garbage, "gc", found)
    monkeypatch.setattr(garbage._Frozen, "hosts", False)
    monkeypatch.setattr(garbage._Frozen, "ours", False)
    return found


def test_what_is_there_is_left_out_until_the_outermost_block_ends(collector: Collector) -> None:
    for _ in range(2):
        with gc_frozen():
            with gc_frozen():
                assert collector.frozen == 100
            assert collector.frozen == 100
        assert not collector.frozen


def test_what_a_host_left_out_stays_so_and_is_counted_once(collector: Collector) -> None:
    collector.freeze()
    for _ in range(3):
        with gc_frozen():
            assert collector.frozen == 100
    assert collector.frozen == 100
    assert collector.counted == 1


def test_an_error_inside_ends_it_too(collector: Collector) -> None:
    with pytest.raises(ZeroDivisionError), gc_frozen():
        raise ZeroDivisionError
    assert not collector.frozen
