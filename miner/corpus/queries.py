"""Queries with what is known to answer them, out of files, BEIR folders or plain dicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from miner.corpus import beir
from miner.corpus.records import RECORDS, first_key, id_string, identifier, names, string
from miner.corpus.walk import suffix_of
from miner.data import Query
from miner.errors import ConfigError, InputError
from miner.storage.files import kind, read_jsonl

LISTS = ("relevant_passages", "relevant_ids", "hard_negatives")


class Queries(list[Query]):
    """Queries in order of their first appearance."""

    rows: Sequence[str] = ()
    """The query of each row of data of other libraries, in order."""
    skipped: int = 0
    """Queries of a BEIR folder that no judgment above zero (of the split) names, and so left out."""


def read_queries(path: Path | str, *, split: str | None = None, min_grade: float = 0.0) -> Queries:
    """The queries of a JSONL, CSV, TSV or parquet file, or of a BEIR folder.

    Files have `query` and `relevant_passages` and/or `relevant_ids`, and may have `hard_negatives`; lists
    are JSON arrays in CSV and TSV; other keys are ignored. In a BEIR folder the passages judged with a
    score above 0 and of at least `min_grade` are relevant, by `qrels.tsv`, by `qrels/<split>.tsv`, or by all
    the files in `qrels` if no split is named. Rows of the same query are one query with all its passages.

    Raises ConfigError for a path or split that is not there, InputError for what a file holds.
    """
    path = Path(path)
    if path.is_dir():
        return _read_beir(path, split, min_grade)
    if split is not None or min_grade:
        raise ConfigError(f"{path}: a split or least grade needs a BEIR folder; this is a file")
    suffix = suffix_of(path.name, RECORDS)
    if suffix is None:
        raise ConfigError(f"{path}: not a file of queries; expected one that ends in {', '.join(RECORDS)}")
    records = RECORDS[suffix](path)
    if suffix in (".csv", ".tsv"):
        records = ((line, _with_lists(record, path, line)) for line, record in records)
    queries = _gathered((query_from(record, path, line) for line, record in records))
    if not queries:
        raise InputError(path, None, "holds no queries")
    return queries


def queries_from(rows: Iterable[Mapping[str, Any]]) -> Queries:
    """Queries out of dicts with the keys of a JSONL line. Raises InputError that names the row, from 1."""
    return _gathered(query_from(row, "row", number) for number, row in enumerate(rows, 1))


def query_from(record: Mapping[str, Any], path: Path | str, line: int) -> Query:
    """One row as a query. Raises InputError if it lacks a query or anything relevant to it."""
    if "query" not in record:
        raise InputError(path, line, f"has no 'query'; found {names(record)}")
    text = string(record["query"], "query", path, line)
    if not text.strip():
        raise InputError(path, line, "'query' is blank; expected text")
    passages = _strings(record, "relevant_passages", path, line)
    if any(not passage.strip() for passage in passages):
        raise InputError(path, line, "'relevant_passages' holds a blank passage; expected text")
    ids = _strings(record, "relevant_ids", path, line)
    if not passages and not ids:
        raise InputError(
            path,
            line,
            f"has no relevant passage; expected relevant_passages or relevant_ids, found {names(record)}",
        )
    return Query(text, passages, ids, _strings(record, "hard_negatives", path, line), f"{path}:{line}")


def _strings(record: Mapping[str, Any], key: str, path: Path | str, line: int) -> tuple[str, ...]:
    value = record.get(key)
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise InputError(path, line, f"'{key}' is {kind(value)}; expected a list of strings")
    check: Callable[..., str] = id_string if key == "relevant_ids" else string
    return tuple(check(item, f"{key}[{i}]", path, line) for i, item in enumerate(value))


def _with_lists(record: Mapping[str, Any], path: Path, line: int) -> dict[str, Any]:
    """A row of cells with its lists read; an empty cell is none."""
    row: dict[str, Any] = dict(record)
    for key in LISTS:
        cell = row.get(key)
        if not cell:
            row.pop(key, None)
            continue
        try:
            row[key] = orjson.loads(cell)
        except orjson.JSONDecodeError:
            raise InputError(path, line, f"'{key}' is not a JSON array of strings: {cell[:40]!r}") from None
    return row


def _gathered(rows: Iterable[Query]) -> Queries:
    """Rows of the same query as one, each of its lists in order of appearance and without repeats."""
    found: dict[str, list[Query]] = {}
    for row in rows:
        found.setdefault(row.text, []).append(row)
    return Queries(
        Query(
            text,
            _united(row.relevant_passages for row in same),
            _united(row.relevant_ids for row in same),
            _united(row.hard_negatives for row in same),
            same[0].place,
        )
        for text, same in found.items()
    )


def gathered(rows: Iterable[Query], notes: object) -> Queries:
    found = _gathered(rows)
    for query in found:
        if not query.relevant_passages and not query.relevant_ids:
            file, _, line = query.place.rpartition(":")
            raise InputError(file, int(line), "has no relevant passage")
    return found


def shared(queries: Queries) -> Queries:
    return queries


def _united(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def _read_beir(folder: Path, split: str | None, min_grade: float) -> Queries:
    file = beir.queries_file(folder)
    qrels = _chosen(folder, split)
    if file is None or not qrels:
        raise ConfigError(f"{folder}: not a BEIR folder; expected queries.jsonl and qrels.tsv or qrels/*.tsv")
    texts = _texts(file)
    relevant: dict[str, dict[str, None]] = defaultdict(dict)
    for path in qrels:
        for line, query, passage, score in beir.read_qrels(path):
            if query not in texts:
                raise InputError(path, line, f"names the query {query!r}, which {file.name} does not have")
            if score > 0 and score >= min_grade:
                relevant[query][passage] = None
    rows = [(texts[name], passages) for name, passages in relevant.items()]
    rows.sort(key=lambda row: row[0][1])
    queries = _gathered(
        Query(text, relevant_ids=tuple(passages), place=f"{file}:{line}") for (text, line), passages in rows
    )
    queries.skipped = len({text for text, _ in texts.values()}) - len(queries)
    if not queries:
        raise InputError(qrels[0], None, "judges nothing relevant with a score above 0 and the least grade")
    return queries


def _chosen(folder: Path, split: str | None) -> list[Path]:
    found = beir.qrels_files(folder)
    if split is None:
        return list(found.values())
    if split not in found:
        known = ", ".join(filter(None, found)) or "none, only qrels.tsv"
        raise ConfigError(f"{folder}: has no split {split!r}; found {known}")
    return [found[split]]


def _texts(file: Path) -> dict[str, tuple[str, int]]:
    """Query id -> text and line."""
    texts: dict[str, tuple[str, int]] = {}
    for line, record in read_jsonl(file):
        key = first_key(record, ("text", "query"))
        name, text = identifier(record, file, line), string(record.get(key), key, file, line)
        if not name:
            raise InputError(file, line, f"has no '_id'; found {names(record)}")
        if not text.strip():
            raise InputError(file, line, f"'{key}' is blank; expected text")
        if name in texts and texts[name][0] != text:
            raise InputError(file, line, f"has the id {name!r} of line {texts[name][1]} with another text")
        texts.setdefault(name, (text, line))
    return texts
