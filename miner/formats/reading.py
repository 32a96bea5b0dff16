"""Rows out of files in any shape that queries come in, read by the readers that `mine` has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from miner.corpus import beir, read_corpus
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.corpus.pairs import SAMPLE, Table, open_table, table_files
from miner.corpus.queries import gathered, is_set, set_judgments, set_queries
from miner.corpus.recognition import recognised
from miner.corpus.records import RECORDS
from miner.corpus.walk import suffix_of
from miner.data import Query, Row
from miner.errors import ConfigError, InputError
from miner.formats.cohere import RECEIPTS, companion, read_rows

LINES = (".jsonl", ".ndjson")
UNMINED = (
    "holds queries with the ids of what answers them, no rows of texts; mine it first: "
    "miner mine QUERIES --index INDEX -o ROWS.jsonl"
)


def read_any(path: Path, options: ReadOptions, split: str | None = None) -> Iterator[tuple[int, Row]]:
    """Line, or number of the record (from 1), and row of each query; texts as they stand.

    Shapes that have a record for each passage give one row a query, all others one a record. A folder of corpus,
    queries and judgments gives the relevant passages and those judged 0. Raises what read_queries raises.
    """
    if is_set(path):
        yield from enumerate(_of_set(path, options, split), 1)
        return
    for file in table_files(path, split):
        yield from rows_of(open_table(file, options, split), options.notes)


def rows_beside_receipts(
    path: Path, options: ReadOptions, split: str | None = None
) -> Iterator[tuple[int, Row]]:
    """As read_any; rows that receipts lie beside are read strictly, a row a line, so that both stay in step."""
    if companion(path, RECEIPTS).is_file():
        return read_rows(path)
    return read_any(path, options, split)


def foreign_rows(path: Path, options: ReadOptions) -> Iterator[tuple[int, Row]] | None:
    """As read_any; None for JSONL that is to be looked at as Cohere's rows, line by line.

    Raises InputError for a table of no known shape, and for queries that are still to be mined.
    """
    if path.is_dir():
        return read_any(path, options)
    suffix = suffix_of(path.name, RECORDS)
    if suffix in (*LINES, None) and not options.columns.given and _is_cohere(path, options):
        return None
    return rows_of(open_table(path, options), options.notes)


def _is_cohere(path: Path, options: ReadOptions) -> bool:
    """Whether the first records are Cohere's, what is wrong with them included."""
    records = RECORDS[LINES[0]](path, ReadOptions(encoding=options.encoding))
    first = [record for _, record in islice(records, SAMPLE) if isinstance(record, dict)]
    names = {name: value for record in first for name, value in record.items()}
    if not names or "relevant_passages" in names:
        return True
    return "query" in names and recognised(names, names, options.columns) is None


def rows_of(table: Table, notes: Notes) -> Iterator[tuple[int, Row]]:
    """Line and row of each query of a table that has texts of what answers it. Raises InputError for one of ids."""
    if table.fields.relevant is None:
        raise InputError(table.path, None, UNMINED)
    queries: Iterable[Query] = gathered(table.queries, notes) if table.gathered else table.queries
    for query in queries:
        file, _, line = query.place.rpartition(":")
        if query.relevant_passages:
            yield int(line), Row(query.text, query.relevant_passages, query.hard_negatives)
        else:
            had = "only ids of relevant passages" if query.relevant_ids else "no relevant passage"
            notes.passed_over(file, int(line), f"has {had}; expected texts")


def _of_set(folder: Path, options: ReadOptions, split: str | None) -> Iterator[Row]:
    if not beir.corpus_of(folder):
        raise ConfigError(
            f"{folder}: has queries and judgments and no corpus; expected corpus.jsonl beside them"
        )
    texts = {passage.id: passage.encoded for passage in read_corpus(folder, options=options)}
    queries = set_queries(folder, options)
    sides: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in queries}
    for file, line, query, passage, score in set_judgments(folder, split, options):
        if query in sides and passage in texts:
            sides[query][score <= 0].append(texts[passage])
        else:
            name = passage if query in sides else query
            options.notes.passed_over(file, line, f"judges {name!r}, which is not in the folder")
    rows = 0
    for name, (relevant, negatives) in sides.items():
        if relevant:
            rows += 1
            yield Row(queries[name][0], tuple(dict.fromkeys(relevant)), tuple(dict.fromkeys(negatives)))
    if not rows:
        raise InputError(folder, None, "judges nothing relevant with a score above 0")
