"""Is this file good? The two or three findings that answer first, from the numbers of its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from miner.progress import count_of
from miner.reporting.part import FileReport

Level = Literal["error", "warning", "good"]
ORDER: tuple[Level, ...] = ("error", "warning", "good")
SHOWN = 3
SHORT, CUT, REUSED, RISKY = 0.1, 0.1, 0.05, 0.05
"""Shares from which to worry: of rows that are short, of negatives over the limit of tokens, of rows that one
passage is a negative of; and the mean risk."""
GAP = 0.1
"""Of cosine between nearly all negatives and nearly all relevant passages, from which negatives are easy."""
OFTEN = 5
"""Times the average use of a passage from which one is used too often; in a small corpus all are used often."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence, and whether it is reassuring."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer in a sentence, with the findings that matter most, worst first."""

    level: Level
    text: str
    findings: tuple[Remark, ...]


def verdict(part: FileReport) -> Verdict:
    """The answer for one file: what speaks against training on it comes first, then what speaks for it."""
    found = sorted(_findings(part), key=lambda each: ORDER.index(each.level))
    worst = found[0].level if found else "warning"
    doubts = sum(each.level != "good" for each in found)
    text = {
        "error": "Not fit to train on yet.",
        "warning": f"Fit to train on, with {'one thing' if doubts == 1 else f'{doubts} things'} to look at.",
        "good": "Fit to train on: nothing here speaks against it.",
    }[worst]
    return Verdict(worst, text, tuple(found[: max(SHOWN, doubts)]))


def _findings(part: FileReport) -> Iterator[Remark]:
    yield from _rules(part)
    if part.similarities.risk:
        yield _risk(part)
    if part.similarities.relevant and part.similarities.negatives:
        yield _hardness(part)
    if part.counts.rows:
        yield _shortness(part)
        yield _variety(part)
    if part.lengths and part.lengths.negatives:
        yield _length(part)


def _rules(part: FileReport) -> Iterator[Remark]:
    levels: tuple[Level, ...] = ("error", "warning")
    for level in levels:
        rules = [rule for rule in part.findings if rule.severity == level]
        if rules:
            count = sum(rule.count for rule in rules)
            yield Remark(
                level, f"{count_of(count, level)} by Cohere's rules, the first: {rules[0].places[0][1]}"
            )
    if not part.findings:
        yield Remark("good", "Every rule of Cohere's platform is kept.")


def _risk(part: FileReport) -> Remark:
    risk = part.similarities.risk
    assert risk is not None
    level: Level = "warning" if risk.mean >= RISKY else "good"
    text = f"By the estimated risk {risk.mean:.1%} of the negatives answer their query after all"
    return Remark(level, f"{text}; only an audit measures it (miner audit).")


def _hardness(part: FileReport) -> Remark:
    relevant, negatives = part.similarities.relevant, part.similarities.negatives
    assert relevant is not None
    assert negatives is not None
    told = f"half of them reach a cosine of {negatives.median:.2f}, relevant passages {relevant.median:.2f}"
    if negatives.median >= relevant.median:
        return Remark("warning", f"Negatives are as similar to their query as what answers it: {told}.")
    if negatives.p90 < relevant.p10 - GAP:
        return Remark("warning", f"Negatives are easy, far from what answers: {told}.")
    return Remark("good", f"Negatives are hard and stay below what answers: {told}.")


def _shortness(part: FileReport) -> Remark:
    counts = part.counts
    share = counts.short_rows / counts.rows
    if not counts.short_rows:
        return Remark("good", f"Every row has its {count_of(counts.full, 'negative')}.")
    text = f"{count_of(counts.short_rows, 'row')} ({share:.1%}) with fewer than {count_of(counts.full, 'negative')}."
    return Remark("warning" if share >= SHORT else "good", text)


def _variety(part: FileReport) -> Remark:
    uses = max((each.uses for each in part.documents.most_reused), default=0)
    share, distinct = uses / part.counts.rows, part.counts.distinct_negatives
    if share >= REUSED and uses >= OFTEN * part.counts.negatives / distinct:
        return Remark("warning", f"One passage is a negative of {count_of(uses, 'row')} ({share:.1%}).")
    return Remark(
        "good", f"Negatives are varied: {count_of(distinct, 'different passage')}, none used too often."
    )


def _length(part: FileReport) -> Remark:
    assert part.lengths is not None
    found = part.lengths.negatives
    assert found is not None
    share = found.over / found.spread.count
    if share >= CUT:
        text = f"{share:.1%} of the negatives are cut at {part.lengths.limit} tokens."
        return Remark("warning", f"{text} miner convert --fit keeps what matters of them.")
    return Remark("good", f"Passages fit: {share:.1%} of the negatives exceed {part.lengths.limit} tokens.")
