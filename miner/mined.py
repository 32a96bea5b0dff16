"""What mining found: rows, receipts and counts, in memory as numbers and written as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from miner import files
from miner.data import Float32, Int64, Negative, Pool, Query, Row
from miner.errors import MinerError
from miner.formats.cohere import RECEIPTS, RUN, companion, record_of
from miner.index import Index
from miner.match import Guard, Match
from miner.recipe import Recipe
from miner.record import Made
from miner.relevant import EMIT, Relevant


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
        rescored = pool.evidence.get("rescored")
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
class Mined:
    """The result of mining. Iterating yields rows in the order of the queries; texts are read from the
    index as they are needed.
    """

    queries: Sequence[Query]
    relevant: Relevant
    picks: Sequence[Pick]
    given: Sequence[tuple[str, ...]]
    made: Made

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
        for i, query in enumerate(self.queries):
            texts = tuple(negative.text for negative in self.negatives(i))
            yield Row(query.text, self.relevant.texts[self.relevant.of(i)], (*self.given[i], *texts))

    def negatives(self, query: int) -> list[Negative]:
        """The negatives mined for a query, with their evidence; those it came with are not among them."""
        pick, emit = self.picks[query], EMIT[self.recipe.emit]
        return [
            Negative(
                text=emit(passage),
                id=passage.id,
                source=f"{passage.source}:{passage.offset}",
                rank=int(pick.ranks[k]),
                similarity=_number(pick.scores[k]),
                to_relevant=_number(pick.nearest[k]),
                share=None if np.isnan(pick.shares[k]) else _number(pick.shares[k]),
                risk=None if pick.risks is None else _number(pick.risks[k]),
                rescored=None if pick.rescored is None else _number(pick.rescored[k]),
                found_by=self._found_by(pick, k),
            )
            for k, passage in enumerate(self.index.passages(pick.rows))
        ]

    def _found_by(self, pick: Pick, k: int) -> dict[str, int]:
        if pick.found is None:
            return {}
        ranks = zip(self.indexes, pick.found[:, k].tolist(), strict=True)
        return {str(index.path): rank for index, rank in ranks if rank}

    def counts(self) -> dict[str, Any]:
        """Rows, negatives, short rows and verdicts: kept + padding + rejected = candidates."""
        return self.made.tally.record()

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
        for i, row in enumerate(self):
            self._check(row)
            yield _line(record_of(row)), _line(self._receipt(i))

    def _receipt(self, i: int) -> dict[str, Any]:
        mine, pick = self.relevant.of(i), self.picks[i]
        given = [{"id": None, "source": "given"} for _ in self.given[i]]
        mined = [
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
            }
            for negative in self.negatives(i)
        ]
        relevant = [
            {"id": id, "similarity": _number(score)}
            for id, score in zip(self.relevant.ids[mine], pick.relevant_scores, strict=True)
        ]
        return {"query": self.queries[i].text, "relevant": relevant, "negatives": [*given, *mined]}

    @staticmethod
    def _check(row: Row) -> None:
        codes = _GUARD.match(row.query, row.hard_negatives, row.relevant_passages)
        for text, code in zip(row.hard_negatives, codes, strict=True):
            if code != Match.NONE:
                raise MinerError(
                    f"a negative of query {row.query!r} is {Match(code).name.lower()}: {text[:80]!r}"
                )


_GUARD = Guard()


def _number(value: Any) -> float:
    """Six decimals: below the resolution of fp16 vectors, and short to read."""
    return round(float(value), 6)


def _line(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
