"""What is to be known about rows before a model is trained on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miner.auditing import Audit, read_population, stratify
from miner.data import Row
from miner.errors import InputError
from miner.formats.cohere import RECEIPTS, companion
from miner.judgments import JUDGMENTS, read_judgments
from miner.progress import count_of
from miner.text.fold import fold, fold_kept

HARMFUL = 0.2
"""Share of false negatives from which on models were seen to get worse (docs/explanation/what-negatives-teach.md)."""
ENOUGH_JUDGED = 20


@dataclass(frozen=True, slots=True)
class FalseShare:
    """The share of negatives that answer, measured by `judged` of them, or estimated where `judged` is 0."""

    rate: float
    low: float
    high: float
    judged: int = 0

    def __str__(self) -> str:
        if self.judged:
            interval = f"{self.low:.1%} to {self.high:.1%}; {self.judged:,} judged"
            return f"{self.rate:.1%} of the negatives answer their query ({interval})"
        return f"an estimated {self.rate:.1%} of the negatives answer their query (mean risk of the receipts)"

    def record(self) -> dict[str, Any]:
        return {"rate": self.rate, "low": self.low, "high": self.high, "judged": self.judged}


@dataclass(frozen=True, slots=True)
class TrainCheck:
    """Rows that are trained on, counted."""

    rows: int
    queries: int
    negatives: tuple[float, int, int]
    """A row has: in the mean, least and most."""
    contradicted: int
    """Negatives that another row of their query has as relevant passages."""
    judged_by: int
    """Rows to judge by."""
    false: FalseShare | None
    notes: tuple[str, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        mean, least, most = self.negatives
        of = f" of {count_of(self.queries, 'query')}" if self.queries < self.rows else ""
        spread = f" ({least} to {most})" if least < most else ""
        said = [
            f"{count_of(self.rows, 'training row')}{of}, {mean:.1f} negatives a row{spread}; "
            f"{count_of(self.judged_by, 'row')} to judge by"
        ]
        if self.contradicted:
            many = count_of(
                self.contradicted, "negative is a relevant passage", "negatives are relevant passages"
            )
            found = f"{many} of their query in another row"
            said.append(f"{found}; `miner validate --fix-overlap` takes them out")
        if self.false is not None:
            said.append(f"{self.false}{self._advice()}")
        return (*said, *self.notes)

    def _advice(self) -> str:
        if self.false is None or self.false.rate <= HARMFUL:
            return ""
        return f"; above {HARMFUL:.0%} models were seen to get worse: `miner relabel` them, or mine with --max-risk"

    def record(self) -> dict[str, Any]:
        mean, least, most = self.negatives
        return {
            "rows": self.rows,
            "queries": self.queries,
            "negatives_a_row": {"mean": round(mean, 3), "least": least, "most": most},
            "contradicted": self.contradicted,
            "false_negatives": None if self.false is None else self.false.record(),
        }


def check_rows(path: Path, rows: Sequence[Row], judged_by: int) -> TrainCheck:
    """Count the rows of a training run, and look at receipts and judgments beside their file."""
    counts = [len(row.hard_negatives) for row in rows]
    notes = list[str]()
    try:
        false = false_share(path)
    except InputError as error:
        false = None
        notes.append(f"what lies beside {path.name} does not fit it and is not looked at ({error.message})")
    return TrainCheck(
        rows=len(rows),
        queries=len({fold(row.query) for row in rows}),
        negatives=(sum(counts) / max(1, len(counts)), min(counts, default=0), max(counts, default=0)),
        contradicted=_contradicted(rows),
        judged_by=judged_by,
        false=false,
        notes=tuple(notes),
    )


def _contradicted(rows: Sequence[Row]) -> int:
    queries = [fold(row.query) for row in rows]
    relevant = defaultdict[bytes, set[bytes]](set)
    for key, row in zip(queries, rows, strict=True):
        relevant[key].update(map(fold_kept, row.relevant_passages))
    return sum(
        fold_kept(text) in relevant[key]
        for key, row in zip(queries, rows, strict=True)
        for text in row.hard_negatives
    )


def false_share(path: Path) -> FalseShare | None:
    """Of the negatives of a file, by the judgments beside it where there are enough, else by its receipts; None
    where there is neither. Raises InputError for what does not fit the file.
    """
    judgments, receipts = companion(path, JUDGMENTS), companion(path, RECEIPTS)
    if not judgments.is_file() and not receipts.is_file():
        return None
    population = read_population(path, 0)
    if judgments.is_file():
        book = read_judgments(judgments)
        strata = stratify(population)
        draws = [(h, int(member)) for h, stratum in enumerate(strata) for member in stratum.members]
        found = [book.find(pair) for pair in population.pairs([member for _, member in draws])]
        verdicts = [judgment.verdict if judgment else None for judgment in found]
        audit = Audit.of(population, strata, draws, verdicts, str(judgments))
        rate, judged = audit.rate(), audit.total("yes") + audit.total("no")
        if rate.rate is not None and judged >= ENOUGH_JUDGED:
            return FalseShare(rate.rate, rate.low, rate.high, judged)
    if population.scale != "risk":
        return None
    risk = float(population.scores.mean())
    return FalseShare(risk, risk, risk)
