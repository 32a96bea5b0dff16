"""What benchmarks/faults/fuzz.py feeds: each reader and parser with the inputs to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from miner.calibrating.calibration import _read
from miner.cleaning import Cleaner
from miner.cli.recipes import recipe_of
from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.formats import format_of
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
from tests.support.fuzz_readers import Target, both, lines, named, readers
from tests.support.mined_files import made_receipts, made_rows, made_run, write_mined

ROWS = made_rows(3)
RATE = {"count": 9, "rate": 0.1, "low": 0.0, "high": 0.2}


def targets(folder: Path) -> dict[str, Target]:
    """By name; they work in `folder`."""
    return {
        **readers(folder),
        "specs": Target(_specs, (b"risk(max_risk=0.1)", b"margin(relative=0.05)", b"window(skip=3)")),
        "manifest": _manifest(folder / "index"),
        "passages of an index": _passages(folder / "p.arrow"),
        "calibration": _calibration(folder / "c.json"),
        "judgments": _judgments(folder),
        "receipts": _receipts(folder),
        "run record": _run(folder),
        "validate": Target(_validating(folder / "v.jsonl"), (lines(ROWS),)),
        "clean": Target(
            _clean, (b"<p>a &amp; b</p> http://x.y/z [1] \xc3\xa9\n\n\n", b"```a```<b onclick=x>")
        ),
    }


def _validating(path: Path) -> Callable[[bytes], Iterable[object]]:
    def read(data: bytes) -> Iterable[object]:
        path.write_bytes(data)
        return [validate(path)]

    return read


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
    store, table = folder / "j.jsonl", folder / "j.tsv"

    def ledger() -> Iterator[object]:
        yield JudgmentStore(store)

    def read(data: bytes) -> Iterable[object]:
        store.write_bytes(data)
        table.write_bytes(data)
        return both(lambda: [read_judgments(store)], lambda: [read_judgments(table)], ledger)

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

    return Target(read, (lines(made_receipts(ROWS)),))


def _converted(path: Path, out: Path) -> list[object]:
    from miner.formats.convert import convert

    return [convert(path, out, to="flag-embedding")]


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
