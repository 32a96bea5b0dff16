"""All that the report knows of one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from miner.formats.cohere import record_of
from miner.progress import Clock
from miner.reporting import measure, statistics
from miner.reporting.findings import Rule
from miner.reporting.measure import Gauge
from miner.reporting.records import Record, read_records
from miner.reporting.statistics import (
    Distribution,
    DroppedCopy,
    Histogram,
    Preview,
    Removal,
    Reuse,
    RowCounts,
)
from miner.reporting.tally import ReportCounts, tally


@dataclass(frozen=True, slots=True)
class ReportLimits:
    """How much of a large file is looked at more closely: rows measured, rows shown, and the seed they
    are drawn with."""

    measured: int = 10_000
    shown: int = 1_000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Similarities:
    """Cosines and risks that the receipts hold; empty without receipts."""

    relevant: Distribution | None
    negatives: Distribution | None
    risk: Distribution | None
    relevant_bins: Histogram
    negative_bins: Histogram
    risk_bins: Histogram


@dataclass(frozen=True, slots=True)
class Reused:
    """A passage that serves as hard negative more than once."""

    text: str
    id: str | None
    uses: int


@dataclass(frozen=True, slots=True)
class Documents:
    """How many of the corpus's passages serve as hard negatives; None where the run record is missing."""

    used: int
    corpus: int | None
    share: float | None
    most_reused: tuple[Reused, ...]


@dataclass(frozen=True, slots=True)
class FileReport:
    """A file in numbers: everything on its tab but the rows of its table."""

    preview: Preview
    counts: RowCounts
    similarities: Similarities
    negatives_per_query: tuple[tuple[int, int], ...]
    lengths: measure.TokenLengths | None
    candidates: int
    """Candidates that mining looked at, 0 without a run record."""
    removed: tuple[Removal, ...]
    near_copies: tuple[DroppedCopy, ...]
    """A few of the candidates dropped as near copies, to be looked at."""
    paraphrases: measure.Paraphrases
    documents: Documents
    findings: tuple[Rule, ...]
    sampled: ReportLimits


def examine(
    path: Path,
    *,
    run: Mapping[str, Any] | None,
    findings: Sequence[Rule],
    gauge: Gauge | None,
    limits: ReportLimits,
    clock: Clock,
) -> tuple[FileReport, list[Record]]:
    """Read the file once for its numbers, again up to the passages quoted; the records are the table's.

    Raises InputError for damaged receipts.
    """
    wanted = {line for rule in findings for line in rule.lines}
    with clock.stage("read rows", unit="rows") as stage:
        records = _ticking(read_records(path), lambda: clock.advance(stage, 1))
        counted, sample = tally(
            records, measured=limits.measured, shown=limits.shown, seed=limits.seed, wanted=wanted
        )
    run = run or {}
    with clock.stage("measure", unit="rows") as stage:
        lengths = measure.lengths(sample.measured, gauge) if gauge else None
        paraphrases = measure.paraphrases(sample.measured, gauge.encoder if gauge else None)
        clock.advance(stage, len(sample.measured))
    return (
        FileReport(
            preview=statistics.preview(display_name(path), counted, _samples(sample.shown)),
            counts=statistics.counts(counted, _asked(run)),
            similarities=_similarities(counted),
            negatives_per_query=statistics.per_query(counted.negatives_per_query),
            lengths=lengths,
            candidates=statistics.candidates(run),
            removed=statistics.removals(run),
            near_copies=statistics.near_copies(run),
            paraphrases=paraphrases,
            documents=_documents(path, counted, run),
            findings=tuple(findings),
            sampled=limits,
        ),
        sample.shown,
    )


def _ticking(records: Iterable[Record | None], tick: Callable[[], None]) -> Iterator[Record | None]:
    for record in records:
        yield record
        tick()


def display_name(path: Path) -> str:
    return os.fsencode(path.name).decode("utf-8", "replace")


def _samples(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Three rows: the first, the middle and the last of those shown."""
    places = dict.fromkeys(i for i in (0, len(records) // 2, len(records) - 1) if 0 <= i < len(records))
    return [record_of(records[i].row) for i in places]


def _asked(run: Mapping[str, Any]) -> int | None:
    return (run.get("arguments") or {}).get("n")


def _similarities(counted: ReportCounts) -> Similarities:
    relevant, negatives = counted.relevant_similarity, counted.negative_similarity
    both = np.concatenate([np.asarray(relevant, np.float64), np.asarray(negatives, np.float64)])
    edges = statistics.grid(both.min(), both.max()) if both.size else both
    risks = statistics.grid(0, max(counted.risk)) if counted.risk else both
    return Similarities(
        relevant=statistics.spread(relevant),
        negatives=statistics.spread(negatives),
        risk=statistics.spread(counted.risk),
        relevant_bins=statistics.histogram(relevant, edges) if relevant else (),
        negative_bins=statistics.histogram(negatives, edges) if negatives else (),
        risk_bins=statistics.histogram(counted.risk, risks) if counted.risk else (),
    )


def _documents(path: Path, counted: ReportCounts, run: Mapping[str, Any]) -> Documents:
    used = len(np.unique(np.asarray(counted.negatives, np.uint64)))
    corpus = (run.get("index") or {}).get("passages")
    reused = statistics.most_reused(counted.negatives, limit=10)
    return Documents(used, corpus, used / corpus if corpus else None, _texts(path, reused))


def _texts(path: Path, reused: Sequence[Reuse]) -> tuple[Reused, ...]:
    """Texts and ids of hard negatives by their number in the file, read until the last is found."""
    places = {reuse.place: reuse for reuse in reused}
    found: dict[int, Reused] = {}
    number = 0
    for record in read_records(path) if reused else ():
        for i, text in enumerate(record.row.hard_negatives if record else ()):
            if number in places:
                id = record.receipt.negatives[i].id if record and record.receipt else None
                found[number] = Reused(text, id, places[number].uses)
            number += 1
        if len(found) == len(places):
            break
    return tuple(found[reuse.place] for reuse in reused)
