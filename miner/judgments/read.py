"""Judgments out of files: miner's own, anybody's JSONL, and qrels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from miner.corpus.beir import queries_file, read_qrels
from miner.errors import InputError
from miner.judgments.record import VERDICTS, WITHDRAWN, Judgment, JudgmentBook
from miner.storage.files import kind, read_jsonl
from miner.storage.paths import as_path

ALIASES = {"yes": "answers"}
TEXTS = ("passage", "id", "by", "at", "question", "reason", "known")


def read_judgments(path: str | Path) -> JudgmentBook:
    """Judgments of a JSONL file of {"query", "passage" and/or "id", "verdict"}, or of a tab-separated one as
    BEIR's qrels: query, passage and score, above 0 for answers. Queries are texts there, or ids of a
    queries.jsonl beside the file or in the folder above; passages are ids or texts.

    Raises ConfigError for a file that is not there, InputError for what it holds.
    """
    path = as_path(path, "the file of judgments")
    if path.suffix == ".tsv":
        return JudgmentBook.of(_from_qrels(path))
    book = JudgmentBook()
    for line, record in read_jsonl(path):
        enter(book, record, path, line)
    return book


def enter(book: JudgmentBook, record: dict[str, Any], path: Path, line: int) -> Judgment | None:
    """What a line of a file does to a book; the judgment that it holds, None if it takes one back.

    Raises InputError for anything but a judgment.
    """
    judgment = parse(record, path, line)
    if record.get("verdict") == WITHDRAWN:
        book.withdraw(judgment)
        return None
    book.add(judgment)
    return judgment


def parse(record: dict[str, Any], path: Path, line: int) -> Judgment:
    """The judgment of a line; other fields than a judgment's are passed over. Raises InputError."""
    query = record.get("query")
    if not isinstance(query, str):
        raise InputError(path, line, "has no 'query'; expected a string")
    for name in TEXTS:
        if not isinstance(record.get(name), str | None):
            raise InputError(path, line, f"{name!r} is {kind(record[name])}; expected a string")
    if record.get("passage") is None and record.get("id") is None:
        raise InputError(path, line, "names no passage; expected 'passage' or 'id'")
    verdict = record.get("verdict")
    verdict = ALIASES.get(verdict, verdict) if isinstance(verdict, str) else verdict
    if verdict not in (*VERDICTS, WITHDRAWN):
        raise InputError(path, line, f"'verdict' is {verdict!r}; expected one of {', '.join(VERDICTS)}")
    known = {
        field.name: record[field.name] for field in fields(Judgment) if record.get(field.name) is not None
    }
    if not isinstance(known.get("score", 0.0), int | float):
        raise InputError(path, line, f"'score' is {kind(known['score'])}; expected a number")
    known = {"passage": None, "id": None, "by": path.name} | known
    return Judgment(**(known | {"verdict": "unsure" if verdict == WITHDRAWN else verdict}))


def _from_qrels(path: Path) -> Iterator[Judgment]:
    texts = _query_texts(path)
    for _, query, passage, score in read_qrels(path):
        verdict = VERDICTS[0] if score > 0 else VERDICTS[2]
        yield Judgment(texts.get(query, query), passage, passage, verdict, by=path.name)


def _query_texts(path: Path) -> dict[str, str]:
    folders = (path.parent, path.parent.parent)
    file = next(filter(None, map(queries_file, folders)), None)
    if file is None:
        return {}
    return {str(r.get("_id", r.get("id"))): str(r.get("text", r.get("query"))) for _, r in read_jsonl(file)}
