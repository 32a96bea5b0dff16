"""Queries with what is known to answer them, out of files, folders or plain dicts."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from miner.corpus import beir
from miner.corpus.columns import Columns, listed
from miner.corpus.notes import Notes, usable
from miner.corpus.options import ReadOptions
from miner.corpus.pairs import open_table, table_files
from miner.corpus.recognition import recognised
from miner.corpus.records import RECORDS, id_string, string
from miner.corpus.shapes import EXPECTED
from miner.corpus.sides import Sides
from miner.data import Query
from miner.errors import ConfigError, InputError
from miner.progress import count_of
from miner.storage.paths import as_path

_FINAL = " .?!…。？！｡．"


class Queries(list[Query]):
    """Queries in order of their first appearance."""

    rows: Sequence[str] = ()
    """The query of each row of data of other libraries, in order."""
    skipped: int = 0
    """Queries of a folder that no judgment above zero (of the split) names, and so left out."""


def read_queries(
    path: Path | str, *, split: str | None = None, min_grade: float = 0.0, options: ReadOptions | None = None
) -> Queries:
    """The queries of a file, of a saved data set, or of a folder with queries and judgments.

    Tables come in any of the shapes of miner.corpus.shapes, recognised by their columns and said in the notes. In a
    folder the passages judged with a score above 0 and of at least `min_grade` are relevant, by all judgments, or
    by those of the `split`. Rows of the same query are one query with all its passages; queries that differ only in
    case, space or final punctuation stay apart and share what answers them.

    Raises ConfigError for a path or split that is not there, InputError for a table of no known shape and where
    nothing usable is left.
    """
    path, options = as_path(path, "what read_queries reads"), options or ReadOptions()
    if is_set(path):
        return shared(_read_set(path, split, min_grade, options))
    if min_grade or (split is not None and not path.is_dir()):
        raise ConfigError(f"{path}: a split or least grade needs a BEIR folder; this is a file")
    rows = (query for file in table_files(path, split) for query in open_table(file, options, split).queries)
    queries = shared(gathered(rows, options.notes))
    if not queries:
        raise InputError(path, None, options.notes.nothing("queries"))
    return queries


def is_set(path: Path) -> bool:
    """Whether a folder holds queries and judgments of them."""
    return path.is_dir() and bool(beir.queries_of(path) and beir.qrels_files(path))


def queries_from(rows: Iterable[Mapping[str, Any]]) -> Queries:
    """Queries out of dicts with the keys of a JSONL line. Raises InputError that names the row, from 1."""
    notes = Notes(strict=True)
    return shared(gathered((query_from(row, "row", number) for number, row in enumerate(rows, 1)), notes))


def query_from(record: Mapping[str, Any], path: Path | str, line: int) -> Query:
    """One row as a query. Raises InputError if it lacks a query or anything relevant to it."""
    found = recognised(list(record), record, Columns())
    if found is None:
        if Columns().find("query", list(record)) is None:
            raise InputError(path, line, f"has no 'query'; found {listed(record)}")
        raise InputError(path, line, f"has no relevant passage; {EXPECTED}, found {listed(record)}")
    shape, fields = found
    sides = shape.read(record, fields, Path(path), line)
    _check(sides, path, line)
    return Query(sides.query, sides.relevant, sides.ids, sides.negatives, f"{path}:{line}")


def _check(sides: Sides, path: Path | str, line: int) -> None:
    if not sides.query.strip():
        raise InputError(path, line, "'query' is blank; expected text")
    if not all(map(str.strip, sides.relevant)):
        raise InputError(path, line, "'relevant_passages' holds a blank passage; expected text")
    if not sides.relevant and not sides.ids:
        raise InputError(path, line, "has no relevant passage; expected relevant_passages or relevant_ids")


def gathered(rows: Iterable[Query], notes: Notes) -> Queries:
    """Rows of the same query as one, each of its lists in order of appearance and without repeats.

    Queries that nothing answers are noted.
    """
    found: dict[str, list[Query]] = {}
    for row in rows:
        found.setdefault(row.text, []).append(row)
    queries = Queries()
    for text, same in found.items():
        relevant, ids = (
            _united(row.relevant_passages for row in same),
            _united(row.relevant_ids for row in same),
        )
        if not relevant and not ids:
            file, _, line = same[0].place.rpartition(":")
            message = "has no relevant passage; expected relevant_passages or relevant_ids"
            notes.passed_over(file, int(line or 0), message)
            continue
        negatives = _united(row.hard_negatives for row in same)
        queries.append(Query(text, relevant, ids, negatives, same[0].place))
    return queries


def query_key(text: str) -> str:
    """A query without what re-casing, re-spacing and another final mark change."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    folded = " ".join(plain.casefold().split())
    return folded.rstrip(_FINAL) or folded


def shared(queries: Queries) -> Queries:
    """The queries, those with the same key knowing what answers any of them, their own first."""
    twins: dict[str, list[Query]] = defaultdict(list)
    for query in queries:
        twins[query_key(query.text)].append(query)
    if len(twins) == len(queries):
        return queries
    out = Queries(_with_twins(query, twins[query_key(query.text)]) for query in queries)
    out.skipped = queries.skipped
    return out


def _with_twins(query: Query, twins: list[Query]) -> Query:
    if len(twins) == 1:
        return query
    own = [query, *twins]
    relevant = _united(each.relevant_passages for each in own)
    ids = _united(each.relevant_ids for each in own)
    negatives = tuple(text for text in query.hard_negatives if text not in relevant)
    return replace(query, relevant_passages=relevant, relevant_ids=ids, hard_negatives=negatives)


def _united(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def _read_set(folder: Path, split: str | None, min_grade: float, options: ReadOptions) -> Queries:
    texts = set_queries(folder, options)
    relevant: dict[str, dict[str, None]] = defaultdict(dict)
    for path, line, query, passage, score in set_judgments(folder, split, options):
        if query not in texts:
            options.notes.passed_over(path, line, f"names the query {query!r}, which is not there")
        elif score > 0 and score >= min_grade:
            relevant[query][passage] = None
    rows = [(texts[name], passages) for name, passages in relevant.items()]
    rows.sort(key=lambda row: row[0][1])
    queries = gathered(
        (Query(text, relevant_ids=tuple(passages), place=place) for (text, _, place), passages in rows),
        options.notes,
    )
    queries.skipped = len({text for text, *_ in texts.values()}) - len(queries)
    if not queries:
        first = next(iter(beir.qrels_files(folder).values()))[0]
        raise InputError(first, None, "judges nothing relevant with a score above 0 and the least grade")
    if queries.skipped:
        options.notes.tell(
            f"{folder.name}: {count_of(queries.skipped, 'query')} without a relevant passage left out"
        )
    return queries


def set_judgments(
    folder: Path, split: str | None, options: ReadOptions
) -> Iterator[tuple[Path, int, str, str, float]]:
    """File, line, query id, passage id and score of each judgment. Raises ConfigError for an unknown split."""
    found = beir.qrels_files(folder)
    names = [name for name in found if split is None or split == name or split in name.split(".")]
    if not names:
        known = ", ".join(filter(None, found)) or "none, only qrels.tsv"
        raise ConfigError(f"{folder}: has no split {split!r}; found {known}")
    for path in (path for name in names for path in found[name]):
        yield from ((path, *judgment) for judgment in beir.read_qrels(path, options))


def set_queries(folder: Path, options: ReadOptions) -> dict[str, tuple[str, int, str]]:
    """Query id -> its text, number and place."""
    texts: dict[str, tuple[str, int, str]] = {}
    for file in beir.queries_of(folder):
        suffix = next(suffix for suffix in reversed(file.suffixes) if suffix in RECORDS)
        make = _Texts(file, options)
        for name, text, place in usable(file, RECORDS[suffix](file, options), make, options.notes, "queries"):
            if name in texts and texts[name][0] != text:
                message = f"has the id {name!r} of line {texts[name][2].rpartition(':')[2]} with another text"
                options.notes.passed_over(file, int(place.rpartition(":")[2]), message)
            texts.setdefault(name, (text, len(texts), place))
    return texts


class _Texts:
    """Makes id, text and place of a record of queries."""

    def __init__(self, file: Path, options: ReadOptions) -> None:
        self.file, self.columns, self.notes = file, options.columns, options.notes

    def __call__(self, record: Mapping[str, Any], line: int) -> tuple[str, str, str] | None:
        names = list(record)
        if names == ["0", "1"]:
            id, text = "0", "1"
        else:
            id = self.columns.find("id", names) or self.columns.find("query_id", names) or ""
            text = self.columns.find("text", names) or self.columns.find("query", names) or "text"
        if not id or record.get(id) is None:
            raise InputError(self.file, line, f"has no '_id'; found {listed(record)}")
        found = string(record.get(text), text, self.file, line)
        if not found.strip():
            self.notes.passed_over(self.file, line, f"'{text}' is blank; expected text")
            return None
        return id_string(record[id], id, self.file, line), found, f"{self.file}:{line}"
