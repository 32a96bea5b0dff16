"""What workers of a pool are asked to do; in a module of its own, so that a new process imports little."""

from __future__ import annotations

import miner

TEXTS = [f"a{i % 20} b{i % 7} c{i % 11} d{i}" for i in range(60)]
Rows = list[tuple[str, tuple[str, ...]]]


def mined(place: str, encoder: str, first: int) -> Rows:
    """Rows of four queries that no other call asks."""
    queries = [(f"a{i} b{i} question {i}", f"an answer to {i}") for i in range(first, first + 4)]
    found = miner.mine(queries, place, encoder=encoder, filters=[], select="top()", progress=False)
    return [(row.query, row.hard_negatives) for row in found]


def built(place: str, encoder: str) -> str:
    """What an index of the texts is known by."""
    return miner.build_index(TEXTS, place, encoder, progress=False).manifest.sha256


def built_and_mined(shared: str, own: str, encoder: str, first: int) -> tuple[str, Rows]:
    """An index of its own, and rows from the one that all mine."""
    return built(own, encoder), mined(shared, encoder, first)
