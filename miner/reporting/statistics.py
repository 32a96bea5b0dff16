"""The numbers of the report: pure functions from columns to small, JSON-able records."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from miner.data import Float64
from miner.reporting.tally import ReportCounts

Histogram = tuple[tuple[float, float, int], ...]
"""(from, to, values): each bin but the last is open to the right."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a set of numbers lies."""

    count: int
    mean: float
    low: float
    p10: float
    median: float
    p90: float
    high: float


@dataclass(frozen=True, slots=True)
class Preview:
    """What Cohere's dashboard showed of an upload."""

    file_name: str
    queries: int
    """Rows of the file."""
    relevant_per_query: float
    negatives_per_query: float
    samples: tuple[Mapping[str, Any], ...] = ()
    """Rows as objects with Cohere's fields."""


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Totals of a file. A short row has fewer hard negatives than `full`."""

    rows: int
    refused: int
    distinct_queries: int
    relevant: int
    distinct_relevant: int
    negatives: int
    distinct_negatives: int
    both: int
    """Passages that are relevant to one query and a hard negative of another."""
    full: int
    short_rows: int
    receipts: int


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Lengths of query + passage in tokens, over pairs of one kind."""

    spread: Distribution
    over: int
    """Pairs longer than the limit."""
    lost: float
    """Mean share of the passage's tokens that is cut, over the pairs that are cut."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What one filter removed: candidates, and their share of all candidates looked at."""

    filter: str
    candidates: int
    share: float


@dataclass(frozen=True, slots=True)
class DroppedCopy:
    """A candidate that was dropped as a near copy of a relevant passage."""

    query: str
    relevant: str
    candidate: str
    id: str
    cover: float


@dataclass(frozen=True, slots=True)
class Reuse:
    """How often one text serves as hard negative."""

    place: int
    """Its first use: the number of the hard negative in the file, from 0."""
    uses: int


def spread(values: ArrayLike) -> Distribution | None:
    """Mean and quantiles (linear interpolation); None without values."""
    column = np.asarray(values, np.float64)
    if not column.size:
        return None
    low, p10, median, p90, high = (float(x) for x in np.quantile(column, (0, 0.1, 0.5, 0.9, 1)))
    return Distribution(int(column.size), math.fsum(column) / column.size, low, p10, median, p90, high)


def grid(low: float, high: float, least: float = 1e-4) -> Float64:
    """Edges at whole multiples of 1, 2 or 5 times a power of ten, not under `least`, around low..high;
    25 bins or, up to the next of those steps, some more."""
    rough = max((high - low) / 25, least)
    power = 10.0 ** math.floor(math.log10(rough) + 1e-9)
    step = next(factor * power for factor in (5, 2, 1) if factor * power <= rough * (1 + 1e-9))
    first, last = math.floor(low / step + 1e-9), math.floor(high / step + 1e-9) + 1
    digits = max(0, -math.floor(math.log10(step)) + 1)
    return np.round(np.arange(first, last + 1) * step, digits)


def histogram(values: ArrayLike, edges: Float64) -> Histogram:
    """How many values lie in each bin; all must lie within the edges."""
    counts, _ = np.histogram(np.asarray(values, np.float64), edges)
    return tuple((float(a), float(b), int(n)) for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True))


def preview(name: str, tally: ReportCounts, samples: Iterable[Mapping[str, Any]] = ()) -> Preview:
    rows = len(tally.queries)
    return Preview(
        file_name=name,
        queries=rows,
        relevant_per_query=len(tally.relevant) / rows if rows else 0.0,
        negatives_per_query=len(tally.negatives) / rows if rows else 0.0,
        samples=tuple(samples),
    )


def counts(tally: ReportCounts, asked: int | None = None) -> RowCounts:
    """Totals; a row is full with `asked` hard negatives, by default with as many as any row has."""
    relevant = np.unique(np.asarray(tally.relevant, np.uint64))
    negatives = np.unique(np.asarray(tally.negatives, np.uint64))
    per_query = np.asarray(tally.negatives_per_query, np.int64)
    full = asked if asked is not None else int(per_query.max(initial=0))
    return RowCounts(
        rows=len(tally.queries),
        refused=tally.refused,
        distinct_queries=len(np.unique(np.asarray(tally.queries, np.uint64))),
        relevant=len(tally.relevant),
        distinct_relevant=len(relevant),
        negatives=len(tally.negatives),
        distinct_negatives=len(negatives),
        both=len(np.intersect1d(relevant, negatives, assume_unique=True)),
        full=full,
        short_rows=int(np.count_nonzero(per_query < full)),
        receipts=tally.receipts,
    )


def per_query(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """(passages, rows with that many), from 0 to the most."""
    found = Counter(numbers)
    return tuple((number, found[number]) for number in range(max(found, default=-1) + 1))


def tokens(query: Sequence[int], passage: Sequence[int], limit: int) -> TokenCounts | None:
    """Lengths of pairs, given each pair's tokens of query and of passage; None without pairs.

    As Cohere had it: the query is kept whole and the passage cut to what room is left.
    """
    queries, passages = np.asarray(query, np.int64), np.asarray(passage, np.int64)
    lengths = spread(queries + passages)
    if lengths is None:
        return None
    over = np.minimum(np.maximum(queries + passages - limit, 0), passages)
    cut = over > 0
    lost = float(np.mean(over[cut] / passages[cut])) if cut.any() else 0.0
    return TokenCounts(lengths, int(np.count_nonzero(queries + passages > limit)), lost)


def candidates(run: Mapping[str, Any]) -> int:
    """How many candidates mining looked at; 0 if the run record does not say."""
    return (run.get("counts") or {}).get("candidates") or 0


def removals(run: Mapping[str, Any]) -> tuple[Removal, ...]:
    """What each filter removed, in the order of the record."""
    total = candidates(run)
    return tuple(
        Removal(name, number, number / total if total else 0.0)
        for name, number in ((run.get("counts") or {}).get("rejected") or {}).items()
    )


def near_copies(run: Mapping[str, Any]) -> tuple[DroppedCopy, ...]:
    """Those that the record shows; what is no example is left out."""
    told = run.get("near_copies")
    found = list[DroppedCopy]()
    for each in told if isinstance(told, list) else ():
        cover = each.get("cover") if isinstance(each, dict) else None
        if isinstance(cover, (int, float)):
            query, relevant, candidate, id = (
                str(each.get(name, "")) for name in ("query", "relevant", "candidate", "id")
            )
            found.append(DroppedCopy(query, relevant, candidate, id, cover))
    return tuple(found)


def most_reused(negatives: ArrayLike, limit: int) -> tuple[Reuse, ...]:
    """The texts used most as hard negatives, more than once each; ties to the one used first."""
    _, first, uses = np.unique(np.asarray(negatives, np.uint64), return_index=True, return_counts=True)
    order = np.lexsort((first, -uses))[:limit]
    return tuple(Reuse(int(first[i]), int(uses[i])) for i in order if uses[i] > 1)
