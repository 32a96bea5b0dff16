"""What benchmarks/faults/fuzz.py feeds: each reader and parser with the inputs to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from miner.calibrating.calibration import _read
from miner.cleaning import Cleaner
from miner.cli.recipes import recipe_of
from miner.corpus import read_corpus
from miner.corpus.options import ReadOptions
from miner.corpus.queries import read_queries
from miner.corpus.shapes import SHAPES, RecordShape
from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.errors import InputError, MinerError
from miner.formats import format_of
from miner.formats.reading import read_any
from miner.index import build_index
from miner.index.ingest import PASSAGES
from miner.index.manifest import _bytes, _digest, read_manifest
from miner.judgments import JudgmentStore, read_judgments
from miner.reporting.provenance import provenance
from miner.reporting.records import read_records
from miner.risk.model import packaged_model
from miner.storage.place import Place
from miner.storage.sealed import open_table, table_bytes
from miner.validating import validate
from tests.property.test_readers_fuzz import SEEDS
from tests.support.mined_files import made_receipts, made_rows, made_run, write_mined

ROWS = made_rows(3)
RATE = {"count": 9, "rate": 0.1, "low": 0.0, "high": 0.2}


@dataclass(frozen=True)
class Target:
    """`read` is given an input, and what it gives out is read to the end."""

    read: Callable[[bytes], Iterable[object]]
    seeds: tuple[bytes, ...]


def targets(folder: Path) -> dict[str, Target]:
    """By name; they work in `folder`."""
    readers = {
        f"read {suffix}": Target(_reading(folder / f"f{suffix}"), (SEEDS[suffix],)) for suffix in SEEDS
    }
    shapes = {f"shape {shape.name}": _shape(shape, folder) for shape in SHAPES}
    return {
        **readers,
        "BEIR folder": _beir(folder / "beir"),
        **shapes,
        "specs": Target(_specs, (b"risk(max_risk=0.1)", b"margin(relative=0.05)", b"window(skip=3)")),
        "manifest": _manifest(folder / "index"),
        "passages of an index": _passages(folder / "p.arrow"),
        "calibration": _calibration(folder / "c.json"),
        "judgments": _judgments(folder),
        "receipts": _receipts(folder),
        "run record": _run(folder),
        "validate": Target(_validating(folder / "v.jsonl"), (_lines(ROWS),)),
        "clean": Target(
            _clean, (b"<p>a &amp; b</p> http://x.y/z [1] \xc3\xa9\n\n\n", b"```a```<b onclick=x>")
        ),
    }


def _lines(rows: Iterable[Any]) -> bytes:
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


def _reading(path: Path) -> Callable[[bytes], Iterable[object]]:
    def read(data: bytes) -> Iterable[object]:
        path.write_bytes(data)
        return both(
            lambda: named(path, lambda: read_corpus(path)), lambda: named(path, lambda: read_queries(path))
        )

    return read


def _validating(path: Path) -> Callable[[bytes], Iterable[object]]:
    def read(data: bytes) -> Iterable[object]:
        path.write_bytes(data)
        return [validate(path)]

    return read


def _beir(folder: Path) -> Target:
    folder.mkdir()
    (folder / "corpus.jsonl").write_bytes(b'{"_id": "d", "text": "x"}\n')

    def read(data: bytes) -> Iterable[object]:
        qrels, _, queries = data.partition(b"\f")
        (folder / "qrels.tsv").write_bytes(qrels)
        (folder / "queries.jsonl").write_bytes(queries)
        return read_queries(folder)

    seed = b'query-id\tcorpus-id\tscore\na\td\t1\n\f{"_id": "a", "text": "x"}\n{"_id": "b", "text": ""}\n'
    return Target(read, (seed,))


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
    return Target(read, (_lines([shape.example] * 3), cells.encode()))


def _specs(data: bytes) -> Iterable[object]:
    text = data.decode("utf-8", "replace")
    return both(
        lambda: [recipe_of(5, [text], None, "top()", 100)],
        lambda: [recipe_of(5, None, None, text, 100)],
        lambda: [format_of(text)],
        lambda: [Cleaner.parse(text)],
    )


def _manifest(folder: Path) -> Target:
    build_index([Passage(str(i), f"text {i}") for i in range(9)], folder, HashingEncoder(8), shard_size=4)
    path = folder / "manifest.json"
    whole = path.read_bytes()

    def sealed() -> Iterable[object]:
        """The same sealed anew, so that only its meaning can be wrong."""
        content = orjson.loads(path.read_bytes())
        content.pop("sha256", None)
        path.write_bytes(_bytes({**content, "sha256": _digest(content)}))
        return [read_manifest(Place(folder))]

    def read(data: bytes) -> Iterable[object]:
        path.write_bytes(data)
        try:
            holds = isinstance(orjson.loads(data), dict)
        except orjson.JSONDecodeError:
            holds = False
        return both(lambda: [read_manifest(Place(folder))], sealed if holds else lambda: ())

    return Target(read, (whole,))


def _passages(path: Path) -> Target:
    columns: dict[str, list[Any]] = {
        field.name: [1, 2] if str(field.type).startswith(("int", "uint")) else ["a", "é"]
        for field in PASSAGES
    }

    def read(data: bytes) -> Iterable[object]:
        path.write_bytes(data)
        rows: Iterable[object] = open_table(path, PASSAGES).to_pylist()
        return rows

    return Target(read, (table_bytes(columns, PASSAGES),))


def _calibration(path: Path) -> Target:
    record = {
        "format": 1, "miner": "0", "model": packaged_model().record(), "method": "m", "queries": 9, "events": 9,
        "n": 5, "seed": 0, "encoder": {}, "corpus": "", "reliability": [{"estimated": 0.1, "observed": RATE}],
        "curve": [{"cap": 0.1, "leak": RATE, "fill": 1.0}, {"cap": 0.2, "leak": RATE, "fill": 1.0}],
    }  # fmt: skip

    def read(data: bytes) -> Iterable[object]:
        path.write_bytes(data)
        found = _read(path)
        yield found.threshold(0.15)
        if found.curve:
            yield found.promise(0.15)

    return Target(read, (orjson.dumps(record),))


def _judgments(folder: Path) -> Target:
    lines, table = folder / "j.jsonl", folder / "j.tsv"

    def ledger() -> Iterator[object]:
        yield JudgmentStore(lines)

    def read(data: bytes) -> Iterable[object]:
        lines.write_bytes(data)
        table.write_bytes(data)
        return both(lambda: [read_judgments(lines)], lambda: [read_judgments(table)], ledger)

    seed = b'{"query": "q", "passage": "p", "id": "i", "verdict": "answers"}\n'
    return Target(read, (seed, b"q\td\t1\nr\te\t0\n"))


def _receipts(folder: Path) -> Target:
    path = write_mined(folder / "r.jsonl", ROWS)

    def read(data: bytes) -> Iterable[object]:
        (folder / "r.receipts.jsonl").write_bytes(data)
        beside = folder / "r.receipts.jsonl"
        return both(
            lambda: named(beside, lambda: read_records(path)),
            lambda: named(beside, lambda: _converted(path, folder / "r.flag.jsonl")),
        )

    return Target(read, (_lines(made_receipts(ROWS)),))


def _converted(path: Path, out: Path) -> list[object]:
    from miner.formats.convert import convert

    return [convert(path, out, write="flag-embedding")]


def _run(folder: Path) -> Target:
    path = write_mined(folder / "w.jsonl", ROWS)

    def read(data: bytes) -> Iterable[object]:
        from miner.formats.run import read_run
        from miner.reporting.report import examine_files

        (folder / "w.run.json").write_bytes(data)
        run = read_run(path)
        return [provenance(path, run), examine_files(path).statistics()]

    return Target(read, (orjson.dumps(made_run(path, ROWS)),))


def _clean(data: bytes) -> Iterable[object]:
    return [Cleaner().clean(data.decode("utf-8", "replace"))]
