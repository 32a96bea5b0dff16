"""Readers of people's files for benchmarks/faults/fuzz.py: each with the inputs to start from."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from miner.cleaning.files import CLEANED, clean
from miner.corpus import beir, read_corpus
from miner.corpus.columns import Columns
from miner.corpus.objects import passages_in, queries_in
from miner.corpus.options import ReadOptions
from miner.corpus.queries import read_queries
from miner.corpus.saved import read_saved
from miner.corpus.shapes import SHAPES, RecordShape
from miner.errors import InputError, MinerError
from miner.formats.reading import read_any
from tests.property.test_readers_fuzz import CSV, DOCUMENT, LINES, SEEDS

CELLS = b'id,text,query,answer,label\n1,a b,q,x,1\n2,"c\nd",r,y,0.5\n'
NAMED = ("0=id,1=text", "text=answer", "query=query,relevant_passages=text,label=label", "relevant_ids=id")
ENCODINGS = ("utf-16", "utf-8-sig", "cp1252", "shift_jis", "utf-7")
PARTED = b"\f"
"""Between the files of one input."""


@dataclass(frozen=True)
class Target:
    """`read` is given an input, and what it gives out is read to the end."""

    read: Callable[[bytes], Iterable[object]]
    seeds: tuple[bytes, ...]


def readers(folder: Path) -> dict[str, Target]:
    """By name; they work in `folder`."""
    return {
        **{f"read {suffix}": Target(_reading(folder / f"f{suffix}"), (SEEDS[suffix],)) for suffix in SEEDS},
        **{f"shape {shape.name}": _shape(shape, folder) for shape in SHAPES},
        "BEIR folder": _beir(folder / "beir"),
        "MS MARCO folder": _ms_marco(folder / "marco"),
        "judgments of a set": _judged(folder),
        "saved data set": _saved(folder / "saved"),
        "columns by name": _columns(folder),
        "encodings": _encodings(folder),
        "objects": Target(
            _objects, (b"[" + LINES.replace(b"\n", b",")[:-1] + b"]", b'{"text": ["a", null]}')
        ),
        **{f"clean {suffix}": _cleaning(folder, suffix) for suffix in CLEANED if suffix in SEEDS},
    }


def lines(rows: Iterable[Any]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def both(*reads: Callable[[], Iterable[object]]) -> Iterator[object]:
    """What all give out; the first refusal is raised when all were tried."""
    refused = None
    for read in reads:
        try:
            yield from read()
        except MinerError as error:
            refused = error
    if refused:
        raise refused


def named(path: Path, read: Callable[[], Iterable[object]]) -> Iterator[object]:
    """What it gives out; a refusal that does not name the file is a fault."""
    try:
        yield from read()
    except InputError as error:
        if not str(error).startswith(str(path)):
            raise AssertionError(f"does not name {path.name}: {error}") from error
        raise


def _reading(
    path: Path, options: Callable[[], ReadOptions] = ReadOptions
) -> Callable[[bytes], Iterable[object]]:
    def read(data: bytes) -> Iterable[object]:
        path.write_bytes(data)
        return both(
            lambda: named(path, lambda: read_corpus(path, options=options())),
            lambda: named(path, lambda: read_queries(path, options=options())),
        )

    return read


def _shape(shape: RecordShape, folder: Path) -> Target:
    """As JSONL, and the same bytes as cells with tabs."""
    paths = [folder / f"{shape.name}.jsonl", folder / f"{shape.name}.tsv"]

    def read(data: bytes) -> Iterable[object]:
        for path in paths:
            path.write_bytes(data)
        return both(*(partial(named, path, partial(read_any, path, ReadOptions())) for path in paths))

    cells = (
        "\t".join(shape.example) + "\n" + "\t".join(orjson.dumps(v).decode() for v in shape.example.values())
    )
    return Target(read, (lines([shape.example] * 3), cells.encode()))


def _set(folder: Path, names: tuple[str, ...]) -> Callable[[bytes], Iterable[object]]:
    """Reads a folder whose files are the parts of the input."""
    folder.mkdir()

    def read(data: bytes) -> Iterable[object]:
        parts = data.split(PARTED)
        for place, name in enumerate(names):
            (folder / name).write_bytes(parts[place] if place < len(parts) else b"")
        return both(
            lambda: named(folder, lambda: read_corpus(folder)),
            lambda: named(folder, lambda: read_queries(folder)),
            lambda: named(folder, lambda: read_any(folder, ReadOptions())),
        )

    return read


def _beir(folder: Path) -> Target:
    seed = (
        b"query-id\tcorpus-id\tscore\na\td\t1\n",
        b'{"_id": "a", "text": "x"}\n{"_id": "b", "text": ""}\n',
        b'{"_id": "d", "text": "x"}\n',
    )
    return Target(_set(folder, ("qrels.tsv", "queries.jsonl", "corpus.jsonl")), (PARTED.join(seed),))


def _ms_marco(folder: Path) -> Target:
    names = ("qrels.dev.tsv", "queries.dev.tsv", "collection.tsv")
    seed = (b"a 0 d 1\na\t0\te\t0\n", b"a\tx y\nb\tz\n", b'd\tone "two\ne\tthree\n')
    return Target(_set(folder, names), (PARTED.join(seed),))


def _judged(folder: Path) -> Target:
    paths = [folder / f"qrels{ending}" for ending in (".tsv", ".trec", ".jsonl", ".csv", ".json")]

    def read(data: bytes) -> Iterable[object]:
        for path in paths:
            path.write_bytes(data)
        return both(*(partial(named, path, partial(beir.read_qrels, path, ReadOptions())) for path in paths))

    return Target(
        read,
        (
            b"query-id\tcorpus-id\tscore\na\td\t1\n",
            b"a Q0 d 1\n",
            b'{"query-id": "a", "corpus-id": 1, "score": 1}\n',
            b"query-id,corpus-id,score\na,d,2\n",
        ),
    )


def _saved(folder: Path) -> Target:
    folder.mkdir()
    sink = io.BytesIO()
    table = pa.table({"anchor": ["a", "b"], "positive": ["c", None]})
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)

    def read(data: bytes) -> Iterable[object]:
        state, _, rows = data.partition(PARTED)
        (folder / "state.json").write_bytes(state)
        (folder / "rows.arrow").write_bytes(rows)
        return both(
            lambda: named(folder, lambda: read_saved(folder)),
            lambda: named(folder, lambda: read_any(folder, ReadOptions())),
        )

    return Target(read, (b'{"_data_files": [{"filename": "rows.arrow"}]}' + PARTED + sink.getvalue(),))


def _columns(folder: Path) -> Target:
    """Tables whose columns are named on the command line."""
    made = [lambda text=text: ReadOptions(columns=Columns.parse(text)) for text in NAMED]
    reads = [
        _reading(folder / f"n{n}{suffix}", each) for n, each in enumerate(made) for suffix in (".csv", ".tsv")
    ]
    reads += [_reading(folder / f"n{n}.jsonl", each) for n, each in enumerate(made)]
    return Target(lambda data: both(*(partial(read, data) for read in reads)), (CELLS, CSV, LINES))


def _encodings(folder: Path) -> Target:
    made = [lambda name=name: ReadOptions(encoding=name) for name in ENCODINGS]
    endings = (".csv", ".txt", ".jsonl")
    reads = [_reading(folder / f"e{n}{ending}", each) for n, each in enumerate(made) for ending in endings]
    seeds = [text.decode().encode("utf-16") for text in (CELLS, DOCUMENT, LINES)]
    return Target(lambda data: both(*(partial(read, data) for read in reads)), (*seeds, CELLS, LINES))


def _objects(data: bytes) -> Iterable[object]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return []
    return both(
        lambda: passages_in(value), lambda: queries_in(value), lambda: passages_in(value, {"text": "query"})
    )


def _cleaning(folder: Path, suffix: str) -> Target:
    source, output = folder / f"c{suffix}", folder / f"d{suffix}"

    def read(data: bytes) -> Iterable[object]:
        source.write_bytes(data)
        return both(
            lambda: named(source, lambda: [clean(source, output)]),
            lambda: named(source, lambda: [clean(source, output, steps="boilerplate,html")]),
        )

    more = {".csv": (CELLS,), ".json": (b'{"data": [{"text": "<b>a</b>"}]}',)}.get(suffix, ())
    return Target(read, (SEEDS[suffix], *more))
