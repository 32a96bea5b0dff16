"""A tab of the page: a file's numbers, its plots, the rows of its table and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from miner.reporting import plots
from miner.reporting.part import FileReport
from miner.reporting.provenance import Provenance
from miner.reporting.records import PassageEvidence, Record
from miner.reporting.verdict import Verdict, verdict

TITLES = {"training": "Training", "validation": "Validation"}
"""What the tabs are called, by their keys."""
SHOWN = ("id", "similarity", "to_relevant", "risk", "rank", "teacher", "source")
"""Evidence that the table shows of a passage."""


@dataclass(frozen=True)
class Tab:
    """What the templates are given for one file."""

    key: str
    title: str
    part: FileReport
    records: Sequence[Record] = ()
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def errors(self) -> int:
        return self._found("error")

    @property
    def warnings(self) -> int:
        return self._found("warning")

    @cached_property
    def lines(self) -> frozenset[int]:
        """Lines that the table holds."""
        return frozenset(record.line for record in self.records)

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """The rows as the script reads them."""
        broken: dict[int, list[tuple[str, str]]] = {}
        for rule in self.part.findings:
            for line in rule.lines:
                broken.setdefault(line, []).append((rule.rule, rule.severity))
        titles = {
            each.id: each.title
            for record in self.records
            for each in (record.receipt.negatives if record.receipt else ())
            if each.id and each.title
        }
        return [
            {
                "line": record.line,
                "query": record.row.query,
                "relevant": _passages(record, "relevant", titles),
                "negatives": _passages(record, "negatives", titles),
                "findings": broken.get(record.line, []),
            }
            for record in self.records
        ]

    @cached_property
    def figures(self) -> dict[str, Any]:
        return figures(self.part)

    @cached_property
    def verdict(self) -> Verdict:
        return verdict(self.part)

    def _found(self, severity: str) -> int:
        return sum(rule.count for rule in self.part.findings if rule.severity == severity)


def figures(part: FileReport) -> dict[str, Any]:
    """The plots of a part by name, as markup; a plot without numbers is left out."""
    from markupsafe import Markup

    alike, lengths = part.similarities, part.lengths
    drawn = {"negatives": plots.columns(part.negatives_per_query, label="hard negatives")}
    if alike.relevant_bins or alike.negative_bins:
        drawn["similarity"] = plots.histograms(alike.relevant_bins, alike.negative_bins, label="cosine")
    if alike.risk_bins:
        drawn["risk"] = plots.histograms((), alike.risk_bins, label="risk (counts on a log scale)", log=True)
    if lengths and (lengths.relevant_bins or lengths.negative_bins):
        drawn["tokens"] = plots.histograms(
            lengths.relevant_bins, lengths.negative_bins, label="tokens", limit=lengths.limit
        )
    if part.removed:
        drawn["removed"] = plots.bars(part.removed)
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704


def _passages(
    record: Record, kind: Literal["relevant", "negatives"], titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What the table holds of a row's passages; a title is that of any negative with the same id."""
    row, receipt = record.row, record.receipt
    texts = row.relevant_passages if kind == "relevant" else row.hard_negatives
    known: Sequence[PassageEvidence] = getattr(receipt, kind) if receipt else [PassageEvidence()] * len(texts)
    return [
        {"text": text}
        | ({"title": titles[each.id]} if each.id is not None and each.id in titles else {})
        | {name: value for name in SHOWN if (value := getattr(each, name)) is not None}
        for text, each in zip(texts, known, strict=True)
    ]
