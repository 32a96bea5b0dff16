"""`validate`: every rule over a training file and, where there is one, its evaluation file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from miner.data import CountTokens
from miner.errors import ConfigError
from miner.judgments import JudgmentBook, Pair, read_judgments
from miner.models.tokenizer import token_counter
from miner.progress import Clock
from miner.storage.paths import as_path, path_if_given
from miner.validating import lines, rows, sets
from miner.validating.across import contradictions, relevant_of_twins
from miner.validating.finding import Finding, FindingLog, Severity
from miner.validating.fix import Fixed, fix_file
from miner.validating.lengths import MAX_TOKENS, Lengths, Suspects, measure
from miner.validating.texts import RowTexts, texts_of

ERRORS = (
    "byte-order-mark",
    "encoding",
    "json",
    "missing-field",
    "wrong-type",
    "unknown-field",
    *rows.ERRORS,
    "few-queries",
    "few-evaluation-queries",
    "shared-query",
    "too-large",
)
WARNINGS = (*rows.WARNINGS, "judged-to-answer", "repeated-query", "few-queries-to-split", "too-long")
SEVERITIES: Mapping[str, Severity] = {
    **dict.fromkeys(ERRORS, "error"),
    **dict.fromkeys(WARNINGS, "warning"),
}
_CHECKS = tuple({**rows.ERRORS, **rows.WARNINGS}.items())
UNMINED = (
    "no row has hard negatives, as in a file of queries; mine it first: miner mine QUERIES -o ROWS.jsonl"
)


@dataclass(frozen=True)
class Preflight:
    """What `validate` found."""

    files: tuple[dict[str, Any], ...]
    """Cohere's preview numbers of each file (see Census.record), with 'lengths' where they were counted."""
    findings: tuple[Finding, ...]
    """In the order of files and lines; of each rule and file the first `cap`."""
    counts: Mapping[tuple[str, str], int]
    """All findings by (file, rule), listed or not."""
    fixed: Fixed | None = None
    """What the corrected copy lacks, if one was written."""

    @property
    def errors(self) -> int:
        return self._sum("error")

    @property
    def warnings(self) -> int:
        return self._sum("warning")

    def _sum(self, severity: Severity) -> int:
        return sum(count for (_, rule), count in self.counts.items() if SEVERITIES[rule] == severity)

    def record(self) -> dict[str, Any]:
        return {
            "errors": self.errors,
            "warnings": self.warnings,
            "files": list(self.files),
            "counts": [
                {"file": file, "rule": rule, "severity": SEVERITIES[rule], "count": count}
                for (file, rule), count in self.counts.items()
            ],
            "findings": [finding.record() for finding in self.findings],
        }


def validate(
    file: str | Path,
    evaluation: str | Path | None = None,
    *,
    max_tokens: int | None = MAX_TOKENS,
    model: str | CountTokens | None = None,
    cap: int = 100,
    fix: str | Path | None = None,
    fix_overlap: bool = False,
    judgments: str | Path | None = None,
    clock: Clock | None = None,
) -> Preflight:
    """Check every rule over a training file. Streams: memory grows by some 30 bytes a row, and with the rows of queries
    that several have.

    `max_tokens` is the room for query and passage (None: not checked), counted by the tokenizer of `model`, a
    folder or hub name, or by a function from texts to numbers; by default as the bundled model does. Of each
    rule, `cap` findings a file are listed and all counted. `fix` names a copy of the file to write without blank
    and repeated negatives and, with `fix_overlap`, without relevant passages among them. `judgments` is a file that
    tells which negatives were judged to answer.

    Raises ConfigError for a file that is missing or given twice, InputError for one that cannot be read on.
    """
    train, evaluation = as_path(file, "the file to check"), path_if_given(evaluation, "the evaluation file")
    fixed = path_if_given(fix, "the copy to write")
    if fix_overlap and fix is None:
        raise ConfigError("--fix-overlap corrects the copy that --fix writes; expected --fix OUT")
    if evaluation is not None and evaluation.resolve() == train.resolve():
        raise ConfigError(f"{evaluation}: is the training file itself; expected another evaluation file")
    counter = (model if callable(model) else token_counter(model)) if max_tokens else None
    known = None if judgments is None else read_judgments(judgments)
    walk = _Check(FindingLog(cap, SEVERITIES), max_tokens, counter, clock or Clock(), known)
    first = walk.over(train)
    walk.note("few-queries", first.file, sets.few_queries(first))
    if evaluation is None:
        walk.note("few-queries-to-split", first.file, sets.few_queries_to_split(first))
    else:
        second = walk.over(evaluation)
        walk.note("few-evaluation-queries", second.file, sets.few_evaluation_queries(second))
        walk.note("shared-query", second.file, sets.shared_query(first, second))
    walk.note("too-large", first.file, sets.too_large(sum(file["bytes"] for file in walk.files)))
    found = walk.result()
    return found if fixed is None else replace(found, fixed=fix_file(train, fixed, overlap=fix_overlap))


@dataclass
class _Check:
    """One run over the files."""

    book: FindingLog
    max_tokens: int | None
    count_tokens: CountTokens | None
    clock: Clock
    judgments: JudgmentBook | None = None

    def __post_init__(self) -> None:
        self.files: list[dict[str, Any]] = []

    def over(self, path: Path) -> sets.Census:
        census = sets.Census(str(path))
        suspects = Suspects(self.max_tokens) if self.max_tokens else None
        if lines.begins_with_mark(path):
            message = "begins with a byte order mark; expected UTF-8 without one"
            self.book.add("byte-order-mark", census.file, 1, message)
        with self.clock.stage("check rows", unit="rows") as stage:
            for line in lines.read(path):
                census.size += len(line.raw) + 1
                self._line(line, census, suspects)
                self.clock.advance(stage, 1)
        if census.rows > 1 and self.book.counts[census.file, "no-negatives"] == census.rows:
            self.book.fold("no-negatives", census.file, UNMINED)
        self.note("repeated-query", census.file, sets.repeated_query(census))
        self.note("overlap", census.file, contradictions(path, relevant_of_twins(path, census.bare)))
        lengths = self._lengths(path, suspects) if suspects else None
        self.files.append(census.record() | ({"lengths": lengths.record()} if lengths else {}))
        return census

    def _line(self, line: lines.Line, census: sets.Census, suspects: Suspects | None) -> None:
        if line.record is None:
            self.book.add(line.rule, census.file, line.number, line.message)
            return
        texts = texts_of(line.record)
        for rule, message in texts.odd:
            self.book.add(rule, census.file, line.number, message)
        for rule, check in _CHECKS:
            for message in check(texts):
                self.book.add(rule, census.file, line.number, message)
        if self.judgments is not None:
            self.note("judged-to-answer", census.file, _judged(line.number, texts, self.judgments))
        census.take(line.number, texts)
        if suspects:
            suspects.take(line.number, texts)

    def _lengths(self, path: Path, suspects: Suspects) -> Lengths | None:
        if self.count_tokens is None:
            return None
        with self.clock.stage("count tokens", len(suspects.lines), "rows") as stage:

            def tell(line: int, message: str) -> None:
                self.book.add("too-long", str(path), line, message)

            lengths = measure(path, suspects, self.count_tokens, tell)
            self.clock.advance(stage, lengths.counted)
        return lengths

    def note(self, rule: str, file: str, breaches: Iterable[sets.Breach]) -> None:
        for line, message in breaches:
            self.book.add(rule, file, line, message)

    def result(self) -> Preflight:
        order = {file["file"]: place for place, file in enumerate(self.files)}
        ranks = {rule: rank for rank, rule in enumerate(SEVERITIES)}
        findings = sorted(
            self.book.kept, key=lambda found: (order[found.file], found.line or 0, ranks[found.rule])
        )
        return Preflight(tuple(self.files), tuple(findings), dict(self.book.counts))


def _judged(line: int, texts: RowTexts, book: JudgmentBook) -> Iterable[sets.Breach]:
    """A hard negative that somebody judged to answer its query."""
    query = texts.query or ""
    for text in texts.negatives if book.knows(query) else ():
        found = book.find(Pair(query, text))
        if found is not None and found.verdict in ("answers", "partly"):
            how = "answers" if found.verdict == "answers" else "partly answers"
            yield (
                line,
                f"hard negative '{text}' {how} the query, says {found.by}; 'miner relabel' corrects it",
            )
