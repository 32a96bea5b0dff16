"""Rows of one query that contradict each other: what is relevant in one is a hard negative of another.

Queries are the same that differ in nothing but case, space and final punctuation.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from miner.corpus.queries import query_key
from miner.validating import lines
from miner.validating.texts import RowTexts, texts_of

Known = Mapping[int, Mapping[str, int]]
"""Hash of a query that several rows have -> its relevant passages -> the line that has each first."""


def hash_of(query: str) -> int:
    """64 bits of a query without its dress."""
    return int.from_bytes(hashlib.blake2b(query_key(query).encode(), digest_size=8).digest(), "little")


def relevant_of_twins(path: Path, hashes: array[int] | None = None) -> Known:
    """What the rows of each query that stands in several know to be relevant; `hashes` are those of all its queries.

    Reads the file once for each thing that it must know; memory grows with the rows of such queries only.
    """
    if hashes is None:
        hashes = array("Q", (hash_of(texts.query or "") for _, texts in _texts(path)))
    keys, counts = np.unique(np.array(hashes, np.uint64), return_counts=True)
    known: dict[int, dict[str, int]] = {key: {} for key in keys[counts > 1].tolist()}
    for line, texts in _texts(path) if known else ():
        if (passages := known.get(hash_of(texts.query or ""))) is not None:
            for passage in filter(str.strip, texts.relevant):
                passages.setdefault(passage, line)
    return known


def contradictions(path: Path, known: Known) -> Iterator[tuple[int, str]]:
    """Line and message of each hard negative that another row of its query has among its relevant passages."""
    for line, texts in _texts(path) if known else ():
        passages = known.get(hash_of(texts.query or ""), {})
        own = set(texts.relevant)
        for negative in dict.fromkeys(texts.negatives):
            if negative in passages and negative not in own:
                there = f"a relevant passage (line {passages[negative]})"
                yield line, f"string '{negative}' is both {there} and hard negatives of query '{texts.query}'"


def _texts(path: Path) -> Iterator[tuple[int, RowTexts]]:
    for line in lines.read(path):
        if line.record is not None and (texts := texts_of(line.record)).query:
            yield line.number, texts
