"""Two at work in one place: one waits, is refused or comes last, and nothing is mixed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import orjson
import pytest

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import Locked, OutputError
from miner.formats.convert import convert
from miner.formats.rows import CohereRows
from miner.formats.run import read_run
from miner.index import build_index, open_index, verify
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.splitting import SplitPlan, split_file
from miner.storage.files import atomic, sha256, together
from tests.support.mined_files import made_rows, write_mined


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_take_their_places_together_or_not_at_all(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"

    def broken() -> None:
        with together(first, second) as (one, other):
            one.write(b"1")
            other.write(b"2")
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        broken()
    assert names(tmp_path) == []
    with together(first, second) as (one, other):
        one.write(b"1")
        other.write(b"2")
        assert not first.exists()
    assert names(tmp_path) == ["a", "b"]


def test_temporary_files_are_private_and_results_are_as_the_umask_says(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        with atomic(tmp_path / "a") as stream:
            stream.write(b"secret")
            (temporary,) = tmp_path.iterdir()
            assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644
    finally:
        os.umask(old)


LEFT = """
import os, signal, sys
from pathlib import Path
from miner.storage.files import atomic
with atomic(Path(sys.argv[1])) as stream:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_is_swept_and_a_living_ones_is_not(tmp_path: Path) -> None:
    target = tmp_path / "a[1]"
    subprocess.run([sys.executable, "-c", LEFT, str(target)], check=False)
    assert len(names(tmp_path)) == 1
    with atomic(target) as first:
        with atomic(target) as second:
            assert len(names(tmp_path)) == 2
            second.write(b"second")
        first.write(b"first")
    assert names(tmp_path) == ["a[1]"]
    assert target.read_bytes() == b"first"


def test_many_writers_of_the_same_files_never_mix_them(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "abc"]

    def write(number: int) -> None:
        with together(*paths) as streams:
            for stream in streams:
                stream.write(b"%d" % number * 1000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(80)))
    contents = {path.read_bytes() for path in paths}
    assert len(contents) == 1
    assert names(tmp_path) == ["a", "b", "c"]


def test_what_a_crash_among_the_renamings_leaves_has_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name for name in ("rows", "receipts", "run")]
    for path in paths:
        path.write_bytes(b"old")
    replace = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if target.name == "receipts":
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OutputError), together(*paths) as (rows, _, _):
        rows.write(b"new")
    assert names(tmp_path) == ["receipts", "rows"]


@pytest.fixture
def index(tmp_path: Path, passages: list[Passage], encoder: HashingEncoder) -> Path:
    build_index(passages, tmp_path / "index", encoder, shard_size=64)
    return tmp_path / "index"


def test_two_mines_to_one_output_leave_the_files_of_one(
    index: Path, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    opened = open_index(index)
    runs = [mine(queries, opened, Recipe(n=n), encoder=encoder) for n in (2, 3)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda run: run.write(tmp_path / "out" / "o.jsonl"), runs * 4))
    record = orjson.loads((tmp_path / "out" / "o.run.json").read_bytes())
    assert names(tmp_path / "out") == ["o.jsonl", "o.receipts.jsonl", "o.run.json"]
    assert record["outputs"] == {
        name: sha256(tmp_path / "out" / name) for name in ("o.jsonl", "o.receipts.jsonl")
    }


def test_a_mine_during_an_update_sees_the_index_that_it_opened(
    index: Path, passages: list[Passage], queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    few = [query for query in queries if not query.relevant_ids[0].startswith("payout/renew")]
    opened = open_index(index)
    before = mine(few, opened, encoder=encoder)
    before.write(tmp_path / "before.jsonl")
    changed = [Passage(p.id, f"{p.text} {i}", p.title, p.source, p.offset) for i, p in enumerate(passages)]
    build_index(changed, index, encoder, shard_size=64, existing="update")
    mine(few, opened, encoder=encoder).write(tmp_path / "after.jsonl")
    assert (tmp_path / "after.jsonl").read_bytes() == (tmp_path / "before.jsonl").read_bytes()
    assert list(verify(index)) == []
    assert next(iter(open_index(index).passages(np.array([0])))).text == changed[0].text


HOLD = """
import sys, time
from pathlib import Path
from miner.storage.locks import building
with building(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


def test_an_update_during_a_build_is_refused_until_its_process_is_dead(
    index: Path, passages: list[Passage], queries: list[Query], encoder: HashingEncoder
) -> None:
    for other in held(index):
        with pytest.raises(Locked, match=f"process {other.pid} is building here"):
            build_index(passages[:20], index, encoder, existing="update")
        assert len(mine(queries, open_index(index), encoder=encoder)) == len(queries)
        other.send_signal(signal.SIGKILL)
    assert len(build_index(passages[:20], index, encoder, existing="update")) == 20


def test_two_conversions_to_one_output_leave_the_files_of_one(tmp_path: Path) -> None:
    sources = [write_mined(tmp_path / f"{name}.jsonl", made_rows(40, seed=i)) for i, name in enumerate("ab")]
    form, target = CohereRows(), tmp_path / "out" / "o.jsonl"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: convert(path, target, to=form), sources * 8))
    assert names(target.parent) == ["o.jsonl", "o.receipts.jsonl", "o.run.json"]
    assert_of_one(target)


def test_two_splits_into_one_folder_leave_the_two_sides_of_one(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    folders = [tmp_path / name for name in "ab"]
    for i, folder in enumerate(folders):
        folder.mkdir()
        write_mined(folder / "rows.jsonl", made_rows(60, seed=i))

    def work(folder: Path) -> None:
        split_file(folder / "rows.jsonl", SplitPlan(least_train=1, least_eval=1), folder=parts)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, folders * 8))
    rows = [(parts / f"rows.{side}.jsonl").read_bytes().splitlines() for side in ("train", "eval")]
    whole = [sorted((folder / "rows.jsonl").read_bytes().splitlines()) for folder in folders]
    assert sorted(rows[0] + rows[1]) in whole
    assert len(names(parts)) == 6
    for side in ("train", "eval"):
        assert_of_one(parts / f"rows.{side}.jsonl")


def assert_of_one(path: Path) -> None:
    """Rows, receipts and run record are of one writer."""
    run = read_run(path)
    assert run is not None
    assert run["outputs"] == {
        each.name: sha256(each) for each in (path, path.with_name(f"{path.stem}.receipts.jsonl"))
    }
