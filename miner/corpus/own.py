"""A corpus out of the passages that queries came with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from miner.data import Passage, Query


def own_passages(queries: Iterable[Query]) -> Iterator[Passage]:
    """The relevant passages and hard negatives of the queries, each text once, in order.

    A passage is named by the place of the query that has it first: file:line, then file:line#2, ...
    """
    seen: set[str] = set()
    for query in queries:
        number = 0
        for text in (*query.relevant_passages, *query.hard_negatives):
            if text in seen:
                continue
            seen.add(text)
            number += 1
            path, _, line = query.place.rpartition(":")
            file = PurePath(path).name
            name = f"{file}:{line}" if number == 1 else f"{file}:{line}#{number}"
            yield Passage(name, text, "", file, int(line or 0))
