"""Specs, calibrations, judgments, receipts and run records: whatever they hold, they are read or refused."""

from __future__ import annotations

import collections
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miner.calibrating.calibrate import calibrate
from miner.calibrating.calibration import read_calibration
from miner.cli.recipes import recipe_of
from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import MinerError
from miner.index import Index, build_index
from miner.judgments import JudgmentStore, read_judgments
from miner.reporting.report import examine_files
from miner.storage.files import MAX_LINE, read_jsonl
from tests.support.mined_files import made_rows, write_mined

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CORNERS = {
    "deep": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "huge number": b'{"query": "q", "relevant_passages": ["a"], "n": 1' + b"0" * 5000 + b"}",
    "1e999": b'{"n": 1e999}',
    "NaN": b'{"n": NaN}',
    "Infinity": b'{"n": -Infinity}',
    "lone surrogate": b'{"query": "\\ud800"}',
    "raw surrogate": b'{"query": "\xed\xa0\x80"}',
    "NUL": b'{"query": "a\0b"}',
    "only NUL": b"\0\0\0",
    "cut short": b'{"query": "a',
    "two objects": b'{"a": 1}{"b": 2}',
    "trailing comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "comment": b'{"a": 1} // b',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "overlong": b'{"a": "\xc0\xaf"}',
    "a list": b"[1]",
    "null": b"null",
}


def refused_or_read(read: Callable[[], Any]) -> str:
    try:
        found = read()
        if isinstance(found, Iterator):
            collections.deque(found, maxlen=0)
    except MinerError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", CORNERS)
def test_corner_cases_of_json_are_refused_with_their_line_or_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(b'{"a": 0}\n' + CORNERS[name] + b"\n" if name != "byte order mark" else CORNERS[name])
    said = refused_or_read(lambda: read_jsonl(path))
    if name not in ("huge number", "1e999", "byte order mark"):
        assert said.startswith(f"{path}:2: ")


def test_the_last_of_duplicate_keys_counts_and_line_ends_may_mix(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_bytes(b'{"a": 1, "a": 2}\r\n\n{"a": 3}\n\r\n{"a": 4}')
    assert [(line, value["a"]) for line, value in read_jsonl(tmp_path / "f.jsonl")] == [
        (1, 2),
        (3, 3),
        (5, 4),
    ]


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "f.jsonl").open("wb") as stream:
        stream.truncate(MAX_LINE + 2)
    assert "longer than 64 MiB" in refused_or_read(lambda: read_jsonl(tmp_path / "f.jsonl"))


WORDS = st.sampled_from(
    [
        *"()=,.'\"-+[]{}: ",
        "margin",
        "window",
        "risk",
        "sibling",
        "relative",
        "max",
        "0.05",
        "1e999",
        "nan",
        "None",
    ]
)
specs = st.lists(WORDS, max_size=12).map("".join) | st.text(max_size=20)


@settings(QUICK, max_examples=300)
@given(st.lists(specs, max_size=2), specs)
def test_any_spec_is_refused_or_a_recipe_that_spells_itself(filters: list[str], select: str) -> None:
    for named, chosen in ((filters, "top()"), (None, select)):
        with suppress(MinerError):
            recipe = recipe_of(5, named, None, chosen, 100)
            again = recipe_of(5, [repr(each) for each in recipe.filters], None, repr(recipe.select), 100)
            assert (again.filters, again.select) == (recipe.filters, recipe.select)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, passages: list[Passage]) -> Index:
    return build_index(passages, tmp_path_factory.mktemp("i") / "index", HashingEncoder(16))


@pytest.fixture(scope="module")
def calibration(
    index: Index, queries: list[Query], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("c") / "c.json"
    calibrate(queries, index, prior=1.0).write(path)
    record = orjson.loads(path.read_bytes())
    rate = {"rate": 0.1, "low": 0.0, "high": 0.2, "count": 9}
    record["curve"], record["reliability"] = (
        [{"cap": 0.1, "leak": rate, "fill": 1.0}],
        [{"estimated": 0.1, "observed": rate}],
    )
    return dict(record)


def altered(data: st.DataObject, value: Any) -> Any:
    """The value with another in one place, or without it."""
    if not value or not isinstance(value, dict | list) or data.draw(st.integers(0, 3)) == 0:
        return data.draw(JSON)
    keys = sorted(value) if isinstance(value, dict) else list(range(len(value)))
    key = data.draw(st.sampled_from(keys))
    if isinstance(value, dict):
        rest = {k: v for k, v in value.items() if k != key}
        return rest if data.draw(st.integers(0, 4)) == 0 else rest | {key: altered(data, value[key])}
    return [*value[:key], altered(data, value[key]), *value[key + 1 :]]


@settings(QUICK, max_examples=200)
@given(data=st.data())
def test_any_calibration_is_read_or_refused(
    index: Index, calibration: dict[str, Any], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.json"
        path.write_bytes(orjson.dumps(altered(data, calibration)))

        def use() -> None:
            found = read_calibration(path, index)
            found.threshold(0.05)

        refused_or_read(use)
        path.write_bytes(data.draw(st.binary(max_size=40)))
        assert refused_or_read(use)


@QUICK
@given(data=st.data())
def test_any_judgments_are_read_or_refused(data: st.DataObject) -> None:
    line = {"query": "q", "passage": "p", "id": "i", "verdict": "answers"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j.jsonl"
        noise = data.draw(st.binary(max_size=8))
        path.write_bytes(orjson.dumps(altered(data, line)) + b"\n" + noise)
        said = refused_or_read(lambda: read_judgments(path))
        assert not said or said.startswith(str(path))

        def ledger() -> None:
            JudgmentStore(path)

        assert not (said := refused_or_read(ledger)) or said.startswith(str(path))


@settings(QUICK, max_examples=40)
@given(data=st.data())
def test_any_receipts_and_run_record_are_shown_or_refused(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_mined(Path(folder) / "o.jsonl", made_rows(4))
        beside = Path(folder) / data.draw(st.sampled_from(["o.run.json", "o.receipts.jsonl"]))
        whole = [orjson.loads(line) for line in records(beside)]
        changed = altered(data, whole)
        beside.write_bytes(b"\n".join(map(orjson.dumps, changed if isinstance(changed, list) else [changed])))
        refused_or_read(lambda: examine_files(path))


def records(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [data] if path.suffix == ".json" else data.splitlines()
