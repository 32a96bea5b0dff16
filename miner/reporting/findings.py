"""The preflight's findings, one entry a rule, as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from miner.validating.finding import Finding, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a file breaks: how often, and the first places with their messages."""

    rule: str
    severity: Severity
    count: int
    places: tuple[tuple[int | None, str], ...]
    """(line from 1, or None for the whole file; message)"""

    @property
    def lines(self) -> list[int]:
        return [line for line, _ in self.places if line is not None]


def by_rule(
    findings: Iterable[Finding], counts: Mapping[tuple[str, str], int], file: str, shown: int = 20
) -> tuple[Rule, ...]:
    """The findings in `file`, errors first, then by rule as they were found, with `shown` places each.

    `counts` gives all findings by (file, rule), more than `findings` lists where those are capped.
    """
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.file == file:
            groups.setdefault(finding.rule, []).append(finding)
    rules = (
        Rule(
            rule=rule,
            severity=group[0].severity,
            count=counts[file, rule],
            places=tuple((finding.line, finding.message) for finding in group[:shown]),
        )
        for rule, group in groups.items()
    )
    return tuple(sorted(rules, key=lambda rule: rule.severity != "error"))
