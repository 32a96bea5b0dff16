"""What a check finds, and the book that keeps findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of one rule. `line` counts from 1; None where the whole file is meant."""

    rule: str
    severity: Severity
    file: str
    line: int | None
    message: str

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def place(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass
class FindingLog:
    """Counts every finding and keeps the first `cap` of each rule in each file."""

    cap: int
    severities: Mapping[str, Severity]
    kept: list[Finding] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Findings by (file, rule), kept or not."""

    def add(self, rule: str, file: str, line: int | None, message: str) -> None:
        if self.count(rule, file) < self.cap:
            self.kept.append(Finding(rule, self.severities[rule], file, line, message))
        self.count(rule, file, 1)

    def count(self, rule: str, file: str, more: int = 0) -> int:
        """How many findings there were; `more` are counted without being kept."""
        self.counts[file, rule] += more
        return self.counts[file, rule]

    def full(self, rule: str, file: str) -> bool:
        """Whether further findings of the rule are only counted."""
        return self.counts[file, rule] >= self.cap

    def fold(self, rule: str, file: str, message: str) -> None:
        """One finding of the whole file in place of all of the rule."""
        self.kept = [found for found in self.kept if (found.rule, found.file) != (rule, file)]
        del self.counts[file, rule]
        self.add(rule, file, None, message)
