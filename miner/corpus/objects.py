"""Data of other libraries as records: frames, tables, data sets, iterables. None of these libraries is imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from io import IOBase
from pathlib import Path
from typing import Any

from miner.corpus.columns import GIVEN, Columns, listed
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.corpus.pairs import recognise
from miner.corpus.queries import Queries, gathered, shared
from miner.corpus.records import id_string, joined, string
from miner.corpus.shapes import EXPECTED
from miner.data import Passage, Query
from miner.errors import ConfigError, InputError

Record = dict[str, Any]

BATCH = 1024
"""Rows of a data set that are turned into records at once."""

HINT = "expected keys such as question and answer, or columns={'query': '…', 'relevant_passages': '…'}"
NEEDED = "expected a key such as text, or columns={'text': '…'}"
TAKEN = (
    "a path, an iterable of dicts or of texts, a Dataset or IterableDataset, a DataFrame of pandas or polars, or an "
    "Arrow table"
)


def passages_in(data: Any, columns: Mapping[str, str] | None = None) -> Iterator[Passage]:
    """Passages out of Passage objects or of any data that TAKEN names, columns by the names in common use or as
    given. A record without an id is named by its number, from 1; one without text is blank.

    Raises ConfigError for data of another kind, InputError that names the row for what it holds.
    """
    options = _options(columns)
    for number, found in enumerate(_items(data, "passages"), 1):
        if isinstance(found, Passage):
            yield _sound_passage(found, number)
        else:
            yield _passage(_checked(found, "passages", number, options), number, options.columns)


def _sound_passage(passage: Passage, number: int) -> Passage:
    for name in ("id", "text", "title"):
        if not isinstance(value := getattr(passage, name), str):
            raise InputError("passages", number, f"{name} is {value!r}; expected a string")
    return passage


def _sound_query(query: Query, number: int) -> Query:
    if not isinstance(query.text, str):
        raise InputError("queries", number, f"text is {query.text!r}; expected a string")
    for name in ("relevant_passages", "relevant_ids", "hard_negatives"):
        value = getattr(query, name)
        if isinstance(value, str) or not all(isinstance(each, str) for each in value):
            raise InputError("queries", number, f"{name} is {value!r}; expected a tuple of strings")
    if not query.relevant_passages and not query.relevant_ids:
        raise InputError(
            "queries", number, "has no relevant passage; expected relevant_passages or relevant_ids"
        )
    return query


def _passage(record: Record, number: int, columns: Columns) -> Passage:
    names, where = list(record), Path("passages")
    id, title, text = (columns.find(role, names) for role in ("id", "title", "text"))
    if text is None:
        raise InputError(where, number, f"has no text; {NEEDED}, found {listed(names)}")
    named, heading = record[id] if id else None, record[title] if title else None
    return Passage(
        str(number) if named is None else id_string(named, str(id), where, number),
        "" if record[text] is None else string(joined(record[text]), text, where, number),
        "" if heading is None else string(heading, str(title), where, number),
        "passages",
        number,
    )


def queries_in(data: Any, columns: Mapping[str, str] | None = None) -> Queries:
    """Queries out of Query objects or of any data that TAKEN names, in any shape that miner.corpus.shapes lists.

    Rows of the same query become one. Raises ConfigError for data of another kind, InputError that names the row
    for what it holds.
    """
    if isinstance(data, Queries):
        return data
    options, items = _options(columns), list(_items(data, "queries"))
    if not items:
        raise InputError("queries", None, "holds no queries")
    if all(isinstance(item, Query) for item in items):
        return Queries(_sound_query(item, number) for number, item in enumerate(items, 1))
    numbered = enumerate(items, 1)
    records = [(number, _checked(item, "queries", number, options)) for number, item in numbered]
    try:
        rows = list(recognise(Path("queries"), iter(records), options).queries)
        queries = shared(gathered(rows, options.notes))
    except InputError as error:
        raise InputError(error.file, error.line, error.message.replace(EXPECTED, HINT)) from None
    queries.rows = [row.text for row in rows]
    return queries


def records_in(data: Any, what: str) -> Iterator[Record]:
    """The rows of any data that TAKEN names, as dicts. Raises ConfigError and InputError as passages_in does."""
    return (_record(item, what, number) for number, item in enumerate(_items(data, what), 1))


def _options(columns: Mapping[str, str] | None) -> ReadOptions:
    for role, column in (columns or {}).items():
        if role not in GIVEN or not isinstance(column, str):
            raise ConfigError(
                f"columns has {role!r}: {column!r}; expected names of columns for any of {', '.join(GIVEN)}"
            )
    return ReadOptions(columns=Columns(dict(columns or {})), notes=Notes(strict=True))


def _checked(item: object, what: str, number: int, options: ReadOptions) -> Record:
    record = options.columns.opened(_record(item, what, number))
    if missing := options.columns.missing(list(record)):
        raise InputError(what, number, missing)
    return record


def _items(data: Any, what: str) -> Iterator[Any]:
    """The rows of any data: records, texts, or objects of miner's own."""
    if isinstance(data, Mapping):
        yield from _items(_only(data, what), what) if _of_datasets(data) else _columns(data, what)
    elif _of_datasets(data):
        for batch in data.with_format(None).iter(batch_size=BATCH):
            yield from _columns(batch, what)
    elif hasattr(data, "collect") and hasattr(data, "lazy"):
        yield from _items(data.collect(), what)
    elif hasattr(data, "to_batches") or _is_table(data):
        yield from _arrow(data, what)
    elif isinstance(data, IOBase):
        raise ConfigError(
            f"{what}: found an open file; expected its path, or {TAKEN.removeprefix('a path, ')}"
        )
    elif isinstance(data, str | bytes | Path) or not isinstance(data, Iterable):
        raise ConfigError(f"{what}: found {type(data).__name__}; expected {TAKEN}")
    else:
        yield from data


def _is_table(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") and (hasattr(data, "columns") or hasattr(data, "schema"))


def _of_datasets(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "datasets" and hasattr(data, "with_format")


def _only(splits: Mapping[str, Any], what: str) -> Any:
    """The only split of a DatasetDict."""
    if len(splits) != 1:
        named = ", ".join(map(str, splits)) or "none"
        raise ConfigError(f"the {what} are a DatasetDict with the splits {named}; expected one of them")
    return next(iter(splits.values()))


def _columns(data: Mapping[str, Any], what: str) -> Iterator[Record]:
    """Rows of columns of one length, or passages by their ids, as BEIR's loader has them."""
    if what == "passages" and data and all(isinstance(each, Mapping) for each in data.values()):
        return iter([{"_id": id, **record} for id, record in data.items()])
    columns = {str(name): values for name, values in data.items()}
    if not all(isinstance(values, list | tuple) for values in columns.values()):
        raise ConfigError(
            f"the {what} are one dict; expected a list of dicts, or a dict of columns of one length"
        )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise ConfigError(f"the {what} are columns of different lengths ({told}); expected one length")
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _arrow(data: Any, what: str) -> Iterator[Record]:
    import pyarrow as pa

    try:
        batches = data.to_batches() if hasattr(data, "to_batches") else pa.RecordBatchReader.from_stream(data)
        for batch in batches:
            for start in range(0, len(batch), BATCH):
                yield from batch.slice(start, BATCH).to_pylist()
    except (pa.ArrowException, TypeError) as error:
        said = str(error).splitlines()[0]
        raise ConfigError(
            f"the {what} are a {type(data).__name__} that is no table of texts ({said}); expected a type in each column"
        ) from None


def _record(item: Any, what: str, number: int) -> Record:
    """A dict, a text, a tuple of texts, a dataclass, or an object with page_content and metadata."""
    item = item.as_py() if hasattr(item, "as_py") else item
    if isinstance(item, Mapping):
        return {str(name): _plain(value) for name, value in item.items()}
    if isinstance(item, str):
        return {("text" if what == "passages" else "query"): str(item)}
    if isinstance(item, tuple | list) and item and all(isinstance(each, str) for each in item):
        return {str(place): each for place, each in enumerate(item)}
    if isinstance(item, tuple | list) and what == "queries" and len(item) == 2 and _is_texts(item[1]):
        return {"query": item[0], "relevant_passages": _plain(item[1])}
    if is_dataclass(item) and not isinstance(item, type):
        return {name: _plain(value) for name, value in asdict(item).items()}
    if isinstance(text := getattr(item, "page_content", None), str):
        known = getattr(item, "metadata", None)
        named = {"id": getattr(item, "id", None)} if getattr(item, "id", None) else {}
        return {**(known if isinstance(known, dict) else {}), **named, "text": text}
    raise InputError(what, number, f"is of type {type(item).__name__}; expected a dict or a text")


def _is_texts(item: Any) -> bool:
    item = _plain(item)
    return isinstance(item, list | tuple) and all(isinstance(each, str) for each in item)


def _plain(value: Any) -> Any:
    """Values of NumPy, and lists of them, as Python's own; NaN, as frames have it for what is missing, is None."""
    if hasattr(value, "tolist") and type(value).__module__ == "numpy":
        value = value.tolist()
    return None if isinstance(value, float) and value != value else value
