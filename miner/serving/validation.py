"""What an upload is told about itself: the preflight in the shape of Cohere's data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from miner.data import CountTokens, Row
from miner.errors import MinerError, MissingExtra
from miner.formats.cohere import record_of
from miner.models.tokenizer import token_counter
from miner.progress import count_of
from miner.serving.state import SIDES
from miner.validating import Finding, Preflight, lines, validate
from miner.validating.check import SEVERITIES
from miner.validating.finding import FindingLog
from miner.validating.lengths import MAX_TOKENS
from miner.validating.texts import texts_of

TOLD = 10
"""Errors that are told one by one; the others are counted."""
OF_A_RULE, LISTED = 10, 200
"""Findings that the page lists."""
SAMPLES, SAMPLE_LENGTH, SAMPLE_PASSAGES = 3, 600, 5


def judge(folder: Path, names: Mapping[str, str]) -> dict[str, Any]:
    """Status, error, warnings, parts, metrics and previews of the upload in a folder, as `Dataset` keeps them.

    `names` are what the files of the sides were called where they came from.
    """
    paths = [folder / f"{side}.jsonl" for side in SIDES if side in names]
    called = dict(zip(map(str, paths), (names[side] for side in SIDES if side in names), strict=True))
    counter = _counter()
    try:
        found = validate(*paths, model=counter, max_tokens=MAX_TOKENS if counter else None)
    except MinerError as error:
        return {"status": "failed", "error": _named(str(error), called), "parts": _parts(paths, called, ())}
    return {
        "status": "failed" if found.errors else "validated",
        "error": _errors(found, called) or None,
        "warnings": _warnings(found, called),
        "parts": _parts(paths, called, found.files),
        "metrics": _metrics(found),
        "findings": [_finding(finding, found, called) for finding in _listed(found)],
        "previews": [_preview(path, called, census) for path, census in zip(paths, found.files, strict=True)],
    }


def _listed(found: Preflight) -> list[Finding]:
    """Errors first; of each rule and file the first few, so that none crowds out the others."""
    kept = FindingLog(OF_A_RULE, SEVERITIES)
    for finding in found.findings:
        kept.add(finding.rule, finding.file, finding.line, finding.message)
    return sorted(kept.kept, key=lambda finding: finding.severity)[:LISTED]


def _finding(finding: Finding, found: Preflight, called: Mapping[str, str]) -> dict[str, Any]:
    """What the page lists: `count` is how many there are of the rule in the file."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "side": Path(finding.file).stem,
        "file": called[finding.file],
        "line": finding.line,
        "message": _middle_cut(_named(finding.message, called)),
        "count": found.counts[finding.file, finding.rule],
    }


def _counter() -> CountTokens | None:
    try:
        return token_counter()
    except MissingExtra:
        return None


def _named(text: str, called: Mapping[str, str]) -> str:
    """The text with the files called as their sender calls them."""
    for path, name in called.items():
        text = text.replace(path, name)
    return text


def _told(finding: Finding, called: Mapping[str, str]) -> str:
    place = called[finding.file] if finding.line is None else f"{called[finding.file]}, line {finding.line}"
    return f"{_named(finding.message, called)} ({place})"


def _errors(found: Preflight, called: Mapping[str, str]) -> str:
    errors = [finding for finding in found.findings if finding.severity == "error"]
    told = [_told(finding, called) for finding in errors[:TOLD]]
    more = found.errors - len(told)
    return "\n".join([*told, *([f"and {count_of(more, 'more error')}"] if more > 0 else [])])


def _warnings(found: Preflight, called: Mapping[str, str]) -> list[str]:
    """Of each rule and file the first finding, and how many there are."""
    first: dict[tuple[str, str], Finding] = {}
    for finding in found.findings:
        if finding.severity == "warning":
            first.setdefault((finding.file, finding.rule), finding)
    told = []
    for key, finding in first.items():
        more = found.counts[key] - 1
        told.append(_told(finding, called) + (f", and {more} more like it" if more else ""))
    return told


def _parts(paths: list[Path], called: Mapping[str, str], files: Any) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for index, path in enumerate(paths):
        part = {"id": path.stem, "name": called[str(path)], "index": index, "size_bytes": path.stat().st_size}
        if files:
            samples = [orjson.dumps(_short(row)).decode() for row in _rows(path)]
            part |= {"num_rows": files[index]["queries"], "samples": samples}
        parts.append(part)
    return parts


def _metrics(found: Preflight) -> dict[str, Any]:
    """Cohere's metrics of an upload; what it removed, blank and repeated negatives, is counted here too."""
    train, *rest = found.files
    evaluation = rest[0] if rest else {}
    numbers = {}
    for side, census in (("train", train), ("eval", evaluation)):
        numbers[f"num_{side}_queries"] = census.get("queries", 0)
        numbers[f"num_{side}_relevant_passages"] = census.get("relevant_passages", 0)
        numbers[f"num_{side}_hard_negatives"] = census.get("hard_negatives", 0)
    return {
        "finetune_dataset_metrics": {
            "total_examples": train["queries"] + evaluation.get("queries", 0),
            "train_examples": train["queries"],
            "train_size_bytes": train["bytes"],
            "eval_examples": evaluation.get("queries", 0),
            "eval_size_bytes": evaluation.get("bytes", 0),
            "reranker_data_metrics": numbers,
        }
    }


def _preview(path: Path, called: Mapping[str, str], census: Mapping[str, Any]) -> dict[str, Any]:
    """As miner.report.statistics.Preview."""
    return {
        "file_name": called[str(path)],
        "queries": census["queries"],
        "relevant_per_query": census["average_relevant_passages"],
        "negatives_per_query": census["average_hard_negatives"],
        "samples": [_short(row) for row in _rows(path)],
    }


def _rows(path: Path) -> Iterator[Row]:
    rows = (texts_of(line.record).row for line in lines.read(path) if line.record is not None)
    return islice((row for row in rows if row is not None), SAMPLES)


def _short(row: Row) -> dict[str, Any]:
    """The row as an object, its texts cut to what a preview can show."""
    record = record_of(row)
    passages = {name: [_cut(text) for text in record[name][:SAMPLE_PASSAGES]] for name in list(record)[1:]}
    return {"query": _cut(row.query), **passages}


def _cut(text: str) -> str:
    return text if len(text) <= SAMPLE_LENGTH else f"{text[: SAMPLE_LENGTH - 1]}…"


def _middle_cut(text: str) -> str:
    """A message with a long text quoted in it, of which both ends are kept: the end says what is wrong."""
    if len(text) <= SAMPLE_LENGTH:
        return text
    half = SAMPLE_LENGTH // 2
    return f"{text[:half]} … {text[-half:]}"
