"""What mining found: rows, receipts and counts, in memory as numbers and written as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from miner.data import RESCORED, Float32, Int64, Negative, Passage, Pool, Query, Row
from miner.errors import MinerError
from miner.formats.cohere import RECEIPTS, RUN, companion, record_of
from miner.index import Index
from miner.judgments.record import Pair
from miner.mining.garbage import gc_frozen
from miner.mining.recipe import Recipe
from miner.mining.relevant import EMIT, Relevant
from miner.mining.run_record import RunInfo
from miner.storage import files
from miner.text.match import Match, MatchRequest, match_all

AT_ONCE = 256
"""Queries whose negatives are read together."""


@dataclass(frozen=True, slots=True)
class Pick:
    """What was chosen for one query: k <= n passages, best first, and how its relevant passages scored."""

    rows: Int64
    ranks: Int64
    scores: Float32
    nearest: Float32
    shares: Float32
    risks: Float32 | None
    rescored: Float32 | None
    relevant_scores: Float32
    found: Int64 | None
    """[indexes, k] ranks in each index, 0 where it did not find the passage."""

    @classmethod
    def of(cls, pool: Pool, query: int, columns: Int64) -> Pick:
        mine = slice(int(pool.offsets[query]), int(pool.offsets[query + 1]))
        best = pool.relevant_scores[mine].max()
        rescored = pool.evidence.get(RESCORED)
        return cls(
            rows=pool.rows[query, columns],
            ranks=columns + 1,
            scores=pool.scores[query, columns],
            nearest=pool.to_relevant[mine][:, columns].max(axis=0),
            shares=pool.scores[query, columns] / (best if best > 0 else np.float32(np.nan)),
            risks=None if pool.risk is None else pool.risk[query, columns],
            rescored=None if rescored is None else rescored[query, columns],
            relevant_scores=pool.relevant_scores[mine],
            found=None if pool.ranks is None else pool.ranks[:, query, columns],
        )


@dataclass(frozen=True)
class MiningResult:
    """The result of mining. Iterating yields rows in the order of the queries; texts are read from the
    index as they are needed.
    """

    queries: Sequence[Query]
    relevant: Relevant
    picks: Sequence[Pick]
    given: Sequence[tuple[str, ...]]
    made: RunInfo

    @property
    def recipe(self) -> Recipe:
        return self.made.recipe

    @property
    def indexes(self) -> Sequence[Index]:
        return self.made.indexes

    @property
    def recall(self) -> Mapping[str, float]:
        return self.made.recall

    @property
    def index(self) -> Index:
        """The first index: similarities and texts are its."""
        return self.indexes[0]

    def __len__(self) -> int:
        return len(self.queries)

    def __iter__(self) -> Iterator[Row]:
        return (row for batch in self._batches() for _, row, _ in batch)

    def _batches(self) -> Iterator[list[tuple[int, Row, list[Negative]]]]:
        """Number, row and mined negatives of each query, of so many queries at a time."""
        for start in range(0, len(self), AT_ONCE):
            picks = self.picks[start : start + AT_ONCE]
            passages = iter(self.index.passages(np.concatenate([pick.rows for pick in picks])))
            batch = list[tuple[int, Row, list[Negative]]]()
            for i, pick in enumerate(picks, start):
                mined = self._negatives(pick, list(islice(passages, len(pick.rows))))
                texts = (negative.text for negative in mined)
                relevant = self.relevant.texts[self.relevant.of(i)]
                batch.append((i, Row(self.queries[i].text, relevant, (*self.given[i], *texts)), mined))
            yield batch

    def negatives(self, query: int) -> list[Negative]:
        """The negatives mined for a query, with their evidence; those it came with are not among them."""
        pick = self.picks[query]
        return self._negatives(pick, self.index.passages(pick.rows))

    def _negatives(self, pick: Pick, passages: Sequence[Passage]) -> list[Negative]:
        emit = EMIT[self.recipe.emit]
        empty = [None] * len(passages)
        columns = zip(
            passages,
            pick.ranks.tolist(),
            _numbers(pick.scores),
            _numbers(pick.nearest),
            _numbers(pick.shares),
            empty if pick.risks is None else _numbers(pick.risks),
            empty if pick.rescored is None else _numbers(pick.rescored),
            strict=True,
        )
        return [
            Negative(
                text=emit(passage),
                id=passage.id,
                source=f"{passage.source}:{passage.offset}",
                rank=rank,
                similarity=score,
                to_relevant=nearest,
                share=None if math.isnan(share) else share,
                risk=risk,
                rescored=rescored,
                found_by=self._found_by(pick, k),
            )
            for k, (passage, rank, score, nearest, share, risk, rescored) in enumerate(columns)
        ]

    def _found_by(self, pick: Pick, k: int) -> dict[str, int]:
        if pick.found is None:
            return {}
        ranks = zip(self.indexes, pick.found[:, k].tolist(), strict=True)
        return {str(index.place): rank for index, rank in ranks if rank}

    def counts(self) -> dict[str, Any]:
        """Rows, negatives, short rows and verdicts: kept + padding + rejected = candidates."""
        return self.made.tally.record()

    @gc_frozen()
    def write(self, path: str | Path, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write FILE.jsonl, FILE.receipts.jsonl and FILE.run.json, all or none, and return the run record.

        Of several processes that write the same FILE at once the last one's three files stay, never a mixture;
        where the run record is, it is that of the rows. Raises OutputError.
        """
        path = Path(path)
        receipts_path = companion(path, RECEIPTS)
        with files.together(path, receipts_path, companion(path, RUN)) as (rows, receipts, run):
            with self.made.clock.stage("write", len(self), "rows") as stage:
                for row, receipt in self.lines():
                    rows.write(row)
                    receipts.write(receipt)
                    self.made.clock.advance(stage, 1)
            outputs = {path.name: files.sha256_of(rows), receipts_path.name: files.sha256_of(receipts)}
            record = self.made.record(outputs, arguments or {})
            run.write(files.json_bytes(record))
        return record

    def lines(self) -> Iterator[tuple[bytes, bytes]]:
        """Each row with its receipt, as lines of JSON."""
        for batch in self._batches():
            _check([row for _, row, _ in batch])
            for i, row, mined in batch:
                yield _line(record_of(row)), _line(self._receipt(i, mined))

    def _receipt(self, i: int, mined: Sequence[Negative]) -> dict[str, Any]:
        ids, scores = self.relevant.ids[self.relevant.of(i)], _numbers(self.picks[i].relevant_scores)
        given = [{"id": None, "source": "given"} for _ in self.given[i]]
        said = self._said(i)
        own = [
            {
                "id": negative.id,
                "source": negative.source,
                "rank": negative.rank,
                "similarity": negative.similarity,
                "to_relevant": negative.to_relevant,
                "share": negative.share,
                "risk": negative.risk,
                "rescored": negative.rescored,
                **({"found_by": negative.found_by} if negative.found_by else {}),
                **said(negative),
            }
            for negative in mined
        ]
        relevant = [{"id": id, "similarity": score} for id, score in zip(ids, scores, strict=True)]
        return {"query": self.queries[i].text, "relevant": relevant, "negatives": [*given, *own]}

    def _said(self, i: int) -> Callable[[Negative], dict[str, Any]]:
        """What was judged of a query's negatives, by whom."""
        judgments = self.recipe.judgments
        if judgments is None or not judgments.book.knows(self.queries[i].text):
            return lambda negative: {}

        def said(negative: Negative) -> dict[str, Any]:
            pair = Pair(self.queries[i].text, negative.text, negative.id)
            found = judgments.book.find(pair)
            return {"judged": {"verdict": found.verdict, "by": found.judge}} if found else {}

        return said


def _check(rows: Sequence[Row]) -> None:
    """The last word: no negative of a row matches its query or its relevant passages."""
    asked = [MatchRequest(row.query, row.hard_negatives, row.relevant_passages) for row in rows]
    for row, codes in zip(rows, match_all(asked), strict=True):
        for place in np.flatnonzero(codes).tolist():
            kind, text = Match(codes[place]).name.lower(), row.hard_negatives[place]
            raise MinerError(f"a negative of query {row.query!r} is {kind}: {text[:80]!r}")


def _numbers(values: Float32) -> list[float]:
    """Six decimals: below the resolution of fp16 vectors, and short to read."""
    return [round(value, 6) for value in values.tolist()]


def _line(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
