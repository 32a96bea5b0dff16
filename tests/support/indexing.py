"""What the tests of indexes share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from miner.data import Float32, Passage, Query
from miner.encoders import HashingEncoder
from miner.storage.files import write_jsonl


def many_passages(count: int) -> list[Passage]:
    """Passages of nine words out of a hundred each, so that every one has many near it."""
    draw = np.random.default_rng(0)
    words = [f"{a}{b}" for a in ("ka", "to", "mi", "re", "su") for b in map(str, range(20))]
    topics = draw.integers(0, 20, count)
    chosen = (topics[:, None] * 5 + draw.integers(0, 25, (count, 9))) % len(words)
    texts = (" ".join(words[word] for word in line) for line in chosen.tolist())
    return [Passage(str(i), f"{text} {i}") for i, text in enumerate(texts)]


@dataclass
class Counting:
    """The hashing encoder; remembers what it encoded and breaks when told to."""

    inner: HashingEncoder
    break_after: int = 10**9
    texts: list[str] = field(default_factory=list)

    @property
    def dim(self) -> int:
        return self.inner.dim

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        return self.inner.fingerprint

    @property
    def tokens_encoded(self) -> int:
        return sum(self.count_tokens(self.texts))

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        if len(self.texts) + len(texts) > self.break_after:
            raise RuntimeError("power cut")
        self.texts += texts
        return self.inner.encode_passages(texts)

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self.encode_passages(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self.inner.count_tokens(texts)


def content(folder: Path) -> dict[str, str]:
    """Every file that is not a lock or a cache, with its checksum."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (".building", ".reading") and path.parent.name != "cache"
    }


def written(queries: list[Query], folder: Path) -> Path:
    """A file of the queries."""
    path = folder / "queries.jsonl"
    given = [
        {"query": q.text, "relevant_passages": q.relevant_passages, "relevant_ids": q.relevant_ids}
        for q in queries
    ]
    write_jsonl(path, given)
    return path
