"""Judgments: answers to "does this passage answer the query?", read from files and kept one by one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, get_args

import orjson

from miner.auditing.population import Pair
from miner.corpus.beir import queries_file, read_qrels
from miner.errors import InputError, Locked, OutputError
from miner.storage.files import read_jsonl, sync_folder

Answer = Literal["yes", "no", "unsure"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
JUDGMENTS = "judgments.jsonl"


@dataclass
class Judgments:
    """Answers by query and passage, or by query and id; the last one given counts."""

    by_passage: dict[tuple[str, str], Answer] = field(default_factory=dict)
    by_id: dict[tuple[str, str], Answer] = field(default_factory=dict)

    def find(self, pair: Pair) -> Answer | None:
        query, found = pair.query.strip(), None
        if pair.id is not None:
            found = self.by_id.get((query, pair.id))
        return self.by_passage.get((query, pair.passage.strip()), found)


def read_judgments(path: Path) -> Judgments:
    """Judgments of a JSONL file of {"query", "passage" and/or "id", "answers": "yes"|"no"|"unsure"}, or of a
    tab-separated one as BEIR's qrels: query, passage and score, above 0 for yes. Queries are texts there, or
    ids of a queries.jsonl beside the file or in the folder above; passages are ids or texts.

    Raises ConfigError for a file that is not there, InputError for what it holds.
    """
    if path.suffix == ".tsv":
        return _from_qrels(path)
    judgments = Judgments()
    for line, record in read_jsonl(path):
        query, passage, id, answer = parse(record, path, line)
        if passage is not None:
            judgments.by_passage[query.strip(), passage.strip()] = answer
        else:
            judgments.by_id[query.strip(), id or ""] = answer
    return judgments


def parse(record: dict[str, Any], path: Path, line: int) -> tuple[str, str | None, str | None, Answer]:
    """Query, passage, id and answer of a line. Raises InputError for anything else."""
    query, passage, id = (record.get(name) for name in ("query", "passage", "id"))
    if not isinstance(query, str):
        raise InputError(path, line, "has no 'query'; expected a string")
    for name, value in (("passage", passage), ("id", id)):
        if not isinstance(value, str | None):
            raise InputError(path, line, f"{name!r} is not a string")
    if passage is None and id is None:
        raise InputError(path, line, "names no passage; expected 'passage' or 'id'")
    answer = record.get("answers")
    if answer not in ANSWERS:
        raise InputError(path, line, f"'answers' is {answer!r}; expected one of {', '.join(ANSWERS)}")
    return query, passage, id, answer


def _from_qrels(path: Path) -> Judgments:
    judgments, texts = Judgments(), _query_texts(path)
    for _, query, passage, score in read_qrels(path):
        answer: Answer = "yes" if score > 0 else "no"
        key = texts.get(query, query).strip(), passage
        judgments.by_passage[key] = judgments.by_id[key] = answer
    return judgments


def _query_texts(path: Path) -> dict[str, str]:
    folders = (path.parent, path.parent.parent)
    file = next(filter(None, map(queries_file, folders)), None)
    if file is None:
        return {}
    return {str(r.get("_id", r.get("id"))): str(r.get("text", r.get("query"))) for _, r in read_jsonl(file)}


class JudgmentLedger:
    """FILE.judgments.jsonl, open to one process: each answer is on the disk before the next is asked for.

    A line that a crash cut short is dropped when the file is opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[tuple[int, tuple[str, str], Answer]] = []
        self.answers: dict[tuple[str, str], Answer] = {}

    def __enter__(self) -> JudgmentLedger:
        """Raises Locked where another process has it open, InputError for a line that is no judgment."""
        new = not self.path.exists()
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror})") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if new:
                sync_folder(self.path.parent)
            self._mend()
            for start, key, answer in self._read():
                self._lines.append((start, key, answer))
                self.answers[key] = answer
        except BlockingIOError:
            os.close(self._file)
            raise Locked(f"{self.path}: another audit is writing here; wait for it, or stop it") from None
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def _mend(self) -> None:
        data = self.path.read_bytes()
        if not data or data.endswith(b"\n"):
            return
        start = data.rfind(b"\n") + 1
        try:
            orjson.loads(data[start:])
            os.write(self._file, b"\n")
        except orjson.JSONDecodeError:
            os.ftruncate(self._file, start)
        os.fsync(self._file)

    def _read(self) -> Iterator[tuple[int, tuple[str, str], Answer]]:
        start = 0
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True), 1):
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InputError(self.path, number, f"is not valid JSON ({error})") from None
            if not isinstance(record, dict):
                raise InputError(self.path, number, "is not a judgment; expected a JSON object")
            query, passage, _, answer = parse(record, self.path, number)
            if passage is not None:
                yield start, (query, passage), answer
            start += len(line)

    def append(self, pair: Pair, answer: Answer) -> None:
        """Write one answer through to the disk. Raises OutputError, and then nothing of it stays."""
        record = {"query": pair.query, "passage": pair.passage, "id": pair.id, "answers": answer}
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        start = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) != len(line):
                raise OSError("no space left")
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, start)
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from None
        self._lines.append((start, pair.key, answer))
        self.answers[pair.key] = answer

    @property
    def last(self) -> tuple[str, str] | None:
        """Query and passage of the last answer."""
        return self._lines[-1][1] if self._lines else None

    def undo(self) -> None:
        """Take the last answer back, on the disk too; an earlier one about the same pair counts again."""
        start, _, _ = self._lines.pop()
        os.ftruncate(self._file, start)
        os.fsync(self._file)
        self.answers = {key: answer for _, key, answer in self._lines}
