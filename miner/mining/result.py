"""What mining found: rows with their evidence, in memory as numbers and given out as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import islice
from operator import index
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import orjson

from miner.data import PADDING, Float32, MinedRow, Negative, Passage, Query
from miner.errors import ConfigError
from miner.formats.base import Format, Sourced
from miner.formats.cohere import RECEIPTS, RUN, companion, record_of
from miner.index import Index
from miner.index.memo import Memo
from miner.judgments.record import Pair
from miner.mining import show
from miner.mining.counts import MiningCounts
from miner.mining.export import EVIDENCE, arrow_table, dataset, frame
from miner.mining.garbage import gc_frozen
from miner.mining.last_check import check_documents, check_texts
from miner.mining.pick import Pick
from miner.mining.prepare import Prepared
from miner.mining.recipe import Recipe
from miner.mining.relevant import EMIT
from miner.mining.run_record import RunInfo
from miner.progress import count_of
from miner.storage import files
from miner.storage.paths import as_path
from miner.text.near_copies import NearCopies

if TYPE_CHECKING:
    import datasets
    import pandas as pd
    import pyarrow as pa

    from miner.mining.explain import Explained, Explanation

Report = Any
"""miner.reporting.Report, of a later room."""

AT_ONCE = 1024
"""Queries whose negatives are read together."""


@dataclass(frozen=True, eq=False)
class MiningResult:
    """The result of mining: a sequence of rows in the order of the queries. A slice is a result too.

    Texts are read from the index as they are needed.
    """

    queries: Sequence[Query]
    prepared: Prepared
    picks: Sequence[Pick]
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

    def __iter__(self) -> Iterator[MinedRow]:
        return (row for batch in self._batches() for row, _ in batch)

    @overload
    def __getitem__(self, place: int) -> MinedRow: ...
    @overload
    def __getitem__(self, place: slice) -> MiningResult: ...
    def __getitem__(self, place: int | slice) -> MinedRow | MiningResult:
        if isinstance(place, slice):
            return self._part(range(len(self))[place])
        (row,) = self._part([self._place(place)])
        return row

    def _place(self, number: object) -> int:
        """From 0. Raises IndexError, and ConfigError for what is no number."""
        try:
            place = index(number)  # type: ignore[arg-type]
        except TypeError:
            raise ConfigError(f"a row is named by its number; found {number!r}") from None
        if not -len(self) <= place < len(self):
            raise IndexError(f"row {place} of a result of {count_of(len(self), 'row')}")
        return place % len(self)

    def _part(self, rows: Sequence[int]) -> MiningResult:
        picks, prepared = [self.picks[i] for i in rows], self.prepared.part(rows)
        counts = MiningCounts.over(picks, map(len, prepared.block.taken), self.recipe)
        asked = {self.queries[i].text for i in rows}
        counts.example(each for each in self.made.tally.copies if each.query in asked)
        return MiningResult(
            [self.queries[i] for i in rows], prepared, picks, replace(self.made, tally=counts)
        )

    def __repr__(self) -> str:
        return show.line(self)

    def _repr_html_(self) -> str:
        return show.html(self)

    def _batches(self) -> Iterator[list[tuple[MinedRow, list[Passage]]]]:
        """Rows with the passages that were mined for them."""
        for start in range(0, len(self), AT_ONCE):
            picks = self.picks[start : start + AT_ONCE]
            passages = iter(self.index.passages(np.concatenate([pick.rows for pick in picks])))
            mined = [list(islice(passages, len(pick.rows))) for pick in picks]
            pieces = zip(picks, mined, strict=True)
            yield [(self._row(i, self._negatives(*each)), each[1]) for i, each in enumerate(pieces, start)]

    def _row(self, i: int, mined: Sequence[Negative]) -> MinedRow:
        relevant, given = self.prepared.relevant, self.prepared.block.taken[i]
        texts = (*given, *(negative.text for negative in mined))
        return MinedRow(self.queries[i].text, relevant.texts[relevant.of(i)], texts, tuple(mined))

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
            empty if pick.teacher is None else _numbers(pick.teacher),
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
                teacher=teacher,
                found_by=self._found_by(pick, k),
                title=passage.title,
            )
            for k, (passage, rank, score, nearest, share, risk, teacher) in enumerate(columns)
        ]

    def _found_by(self, pick: Pick, k: int) -> dict[str, int]:
        if pick.found is None:
            return {}
        ranks = zip(self.indexes, pick.found[:, k].tolist(), strict=True)
        return {str(index.place): rank for index, rank in ranks if rank}

    def counts(self) -> dict[str, Any]:
        """Rows, negatives, short rows and verdicts: kept + padding + rejected = candidates."""
        return self.made.tally.record()

    def explain(self, query: int) -> Explanation:
        """Every candidate that was looked at for a query, in order, with what became of it."""
        from miner.mining.explain import explain_again

        place = self._place(query)
        return explain_again(self.prepared.part([place]), self.indexes, self.recipe, self.picks[place].depth)

    def rejected(self, query: int) -> list[Explained]:
        """The candidates that were dropped for a query, in order; `verdict` names the filter that did."""
        return [each for each in self.explain(query).candidates if each.rejected]

    def to_arrow(self, format: str | Format = EVIDENCE) -> pa.Table:
        """A pyarrow table: with 'evidence' a line a negative, else a training format as 'triplet' or
        'n-tuple(negatives=4)'. Rows that a format cannot hold are left out with a warning. Raises ConfigError.
        """
        return arrow_table(self, format)

    def to_pandas(self, format: str | Format = EVIDENCE) -> pd.DataFrame:
        """As to_arrow, a pandas DataFrame. Raises MissingExtra without pandas."""
        return frame(self.to_arrow(format))

    def to_dataset(self, format: str | Format = "cohere") -> datasets.Dataset:
        """As to_arrow, a Dataset that goes straight into a trainer. Raises MissingExtra without datasets."""
        return dataset(self.to_arrow(format))

    def report(self, path: str | Path | None = None) -> Report:
        """The numbers and the page of `miner report`; written to `path` if one is given."""
        face = import_module("miner")
        with TemporaryDirectory() as folder:
            rows = Path(folder) / "mined.jsonl"
            self.write(rows)
            found: Report = face.report(rows)
        if path is not None:
            found.write(as_path(path, "the page"))
        return found

    @gc_frozen()
    def write(self, path: str | Path, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write FILE.jsonl, FILE.receipts.jsonl and FILE.run.json, all or none, and return the run record.

        Of several processes that write the same FILE at once the last one's three files stay, never a mixture;
        where the run record is, it is that of the rows. Raises OutputError.
        """
        path = as_path(path, "the output")
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
        return ((_line(record_of(each.row)), _line(each.receipt)) for each in self.sourced())

    def sourced(self) -> Iterator[Sourced]:
        """Each row with its receipt."""
        near, memo, done = NearCopies(self.recipe.copies, self.index.frequencies), Memo(self.index), 0
        for batch in self._batches():
            check_texts([row for row, _ in batch], near, memo)
            for (row, mined), known in zip(batch, self._known(range(done, done + len(batch))), strict=True):
                check_documents(row, mined, known, self.index.manifest.shapes)
            yield from (
                Sourced(row, self._receipt(i, row.negatives)) for i, (row, _) in enumerate(batch, done)
            )
            done += len(batch)

    def _known(self, queries: range) -> Iterator[list[Passage]]:
        """The relevant passages of queries that the index holds."""
        relevant = self.prepared.relevant
        rows = [relevant.rows[relevant.of(i)] for i in queries]
        rows = [each[each != PADDING] for each in rows]
        passages = iter(self.index.passages(np.concatenate(rows)))
        return (list(islice(passages, len(each))) for each in rows)

    def _receipt(self, i: int, mined: Sequence[Negative]) -> dict[str, Any]:
        known = self.prepared.relevant
        ids, scores = known.ids[known.of(i)], _numbers(self.picks[i].relevant_scores)
        given = [{"id": None, "source": "given"} for _ in self.prepared.block.taken[i]]
        said = self._said(i)
        own = [
            {
                "id": negative.id,
                **({"title": negative.title} if negative.title else {}),
                "source": negative.source,
                "rank": negative.rank,
                "similarity": negative.similarity,
                "to_relevant": negative.to_relevant,
                "share": negative.share,
                "risk": negative.risk,
                "teacher": negative.teacher,
                **({"found_by": negative.found_by} if negative.found_by else {}),
                **said(negative),
            }
            for negative in mined
        ]
        relevant = [{"id": id, "similarity": score} for id, score in zip(ids, scores, strict=True)]
        if (taught := self.picks[i].relevant_teacher) is not None:
            relevant = [
                {**each, "teacher": score} for each, score in zip(relevant, _numbers(taught), strict=True)
            ]
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


def _numbers(values: Float32) -> list[float]:
    """Six decimals: below the resolution of fp16 vectors, and short to read."""
    return [round(value, 6) for value in values.tolist()]


def _line(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
