"""Scoring pairs of query and passage with a cross-encoder, cached on disk pair by pair.

Only what the cheap filters kept, and the relevant passages, are scored: denoising as in RocketQA
(arXiv 2010.08191, section 4.2), at a price that does not grow with the depth of the search.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from miner.data import OF_RELEVANT, TEACHER, Bool, Float32, Pool
from miner.errors import OutputError
from miner.filters.margin import AGAINST

BATCH = 1 << 14


class PairScorer(Protocol):
    """Scores how well a passage answers a query; higher is better."""

    @property
    def fingerprint(self) -> str:
        """All that decides a score."""

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
        """float32 [len(pairs)], in order."""


@dataclass
class ScoreCache:
    """Scores on disk, keyed by scorer, query and passage."""

    path: Path
    scorer: PairScorer
    _memory: dict[bytes, float] = field(default_factory=dict)

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float32:
        """float32 [len(pairs)]; only pairs never seen before reach the scorer. Raises OutputError."""
        keys = [self._key(query, passage) for query, passage in pairs]
        try:
            with closing(self._open()) as store:
                known = self._known(store, keys)
                fresh = {k: pair for k, pair in zip(keys, pairs, strict=True) if k not in known}
                scores = self.scorer.score(list(fresh.values())) if fresh else np.empty(0, np.float32)
                new = dict(zip(fresh, map(float, scores), strict=True))
                with store:
                    store.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?)", new.items())
        except sqlite3.Error as error:
            raise OutputError(f"{self.path}: cannot be used as a cache of scores ({error})") from None
        known |= new
        return np.array([known[key] for key in keys], np.float32)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        store = sqlite3.connect(self.path)
        store.execute("CREATE TABLE IF NOT EXISTS scores (pair BLOB PRIMARY KEY, score REAL) WITHOUT ROWID")
        return store

    def _known(self, store: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, float]:
        known: dict[bytes, float] = {}
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            known |= dict(store.execute(f"SELECT pair, score FROM scores WHERE pair IN ({marks})", part))  # noqa: S608
        return known

    def _key(self, query: str, passage: str) -> bytes:
        parts = (self.scorer.fingerprint, query, passage)
        digest = hashlib.blake2b(digest_size=16)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little") + data)
        return digest.digest()


def with_teacher(
    pool: Pool,
    wanted: Bool,
    queries: Sequence[str],
    texts: Sequence[Mapping[int, str]],
    relevant: Sequence[str],
    cache: ScoreCache,
) -> Pool:
    """The pool with evidence 'teacher' [Q, K] (NaN where not wanted), 'teacher_of_relevant' [P], and
    'teacher_relevant' [Q, 3], the lowest, median and highest of the latter. `texts[i][j]` is the text of candidate
    j of query i."""
    asked, known = np.argwhere(wanted), np.repeat(np.arange(len(queries)), np.diff(pool.offsets))
    pairs = [(queries[i], texts[i][j]) for i, j in asked.tolist()]
    pairs += [(queries[i], text) for i, text in zip(known.tolist(), relevant, strict=True)]
    scores = cache.score(pairs)
    teacher = np.full(pool.rows.shape, np.nan, np.float32)
    teacher[wanted] = scores[: len(asked)]
    relevant_scores = [each.tolist() for each in pool.by_query(scores[len(asked) :])]
    references = [[pick(each) for pick in AGAINST.values()] for each in relevant_scores]
    evidence = {
        TEACHER: teacher,
        OF_RELEVANT: scores[len(asked) :].astype(np.float32),
        "teacher_relevant": np.array(references, np.float32).reshape(-1, len(AGAINST)),
    }
    return replace(pool, evidence={**pool.evidence, **evidence})
