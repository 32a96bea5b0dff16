"""Ray does what the serial executor does, byte for byte, and loses nothing when its workers die."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from typer.testing import CliRunner

from miner.cli import application
from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, MissingExtra, WorkLost
from miner.executors import Ray, TaskQueue
from miner.executors import workers as crew
from miner.executors.ray import RayExecutor
from miner.index import build_index
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.mining_tasks.run import mine_files
from miner.search.ivfpq import LEAST
from miner.storage.cachedir import CACHE
from miner.storage.files import write_jsonl
from tests.support.commandline import call
from tests.support.indexing import content, many_passages, written
from tests.support.s3 import CREDENTIALS
from tests.support.working import Marking

ray = pytest.importorskip("ray", reason="the extra 'ray' is not installed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """A Ray of our own with room for two workers; executors opened meanwhile join it. What was done at
    SIGTERM before.
    """
    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as mirrors:
        for name, value in {**CREDENTIALS, CACHE: mirrors}.items():
            patch.setenv(name, value)
        with Ray(workers=2).open():
            yield before


@pytest.fixture
def executor(cluster: object) -> RayExecutor:
    return RayExecutor(Ray(workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_index_is_the_same_byte_for_byte(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder, cluster: object, workers: int
) -> None:
    executor = RayExecutor(Ray(workers=workers))
    build_index(passages, tmp_path / "a", encoder, shard_size=50)
    build_index(passages, tmp_path / "b", encoder, shard_size=50, executor=executor)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    changed = [*passages[30:], Passage("new", "One more passage.")]
    for name, each in (("a", None), ("b", executor)):
        build_index(changed, tmp_path / name, encoder, shard_size=50, existing="update", executor=each)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_mined_rows_and_receipts_are_the_same_byte_for_byte(
    tmp_path: Path,
    passages: list[Passage],
    queries: list[Query],
    executor: RayExecutor,
    capsys: pytest.CaptureFixture[str],
) -> None:
    index = build_index(passages, tmp_path / "index", HashingEncoder(), shard_size=50)
    mine(queries, index).write(tmp_path / "a.jsonl")
    spelt = repr(executor.options)
    done = call(
        capsys, "mine", written(queries, tmp_path), "--index", index.path, "-o", tmp_path / "b.jsonl",
        "--executor", spelt,
    )  # fmt: skip
    assert (done.code, done.out) == (0, "")
    for end in (".jsonl", ".receipts.jsonl"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()
    records = [json.loads((tmp_path / f"{name}.run.json").read_bytes()) for name in "ab"]
    assert records[0]["counts"] == records[1]["counts"]
    assert sorted(path.name for path in tmp_path.glob("b.*")) == ["b.jsonl", "b.receipts.jsonl", "b.run.json"]


def test_machines_that_share_no_folder_exchange_files_through_a_store(
    tmp_path: Path,
    passages: list[Passage],
    queries: list[Query],
    cluster: object,
    server: str,
    s3: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = build_index(passages, tmp_path / "i", HashingEncoder(), shard_size=50)
    mine(queries, alone).write(tmp_path / "a.jsonl")
    monkeypatch.setenv(CACHE, str(tmp_path / "mirrors of the driver"))
    executor = RayExecutor(Ray(workers=2))
    uri = f"{s3}?scheme=http&endpoint_override={server.removeprefix('http://')}"
    index = build_index(passages, uri, HashingEncoder(), shard_size=50, executor=executor)
    mine_files(queries, [index], Recipe(), tmp_path / "b.jsonl", executor)
    assert index.manifest == alone.manifest
    for end in (".jsonl", ".receipts.jsonl"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two shards with a structure and one without, and queries for it."""
    folder = tmp_path_factory.mktemp("many")
    passages = many_passages(2 * LEAST + 900)
    build_index(passages, folder / "index", HashingEncoder(16), shard_size=LEAST)
    asked = [{"query": p.text, "relevant_ids": [p.id]} for p in passages[:9000:600]]
    write_jsonl(folder / "queries.jsonl", asked)
    return folder


def approximate(many: Path, folder: Path, executor: str) -> dict[str, object]:
    """What is mined from a copy of the index by approximate search, and which structures are made for it."""
    index = shutil.copytree(many / "index", folder / "index")
    words = ["mine", many / "queries.jsonl", "--index", index, "-o", folder / "out.jsonl"]
    words += ["--executor", executor, "--search", "ivfpq(nprobe=3, fetch=2)"]
    done = CliRunner().invoke(application(), [str(word) for word in words])
    assert (done.exit_code, done.stdout) == (0, ""), done.stderr
    made: dict[str, object] = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    (recall,) = json.loads((folder / "out.run.json").read_bytes())["recall"].values()
    return {**made, "recall": recall, "structures": sorted(path.name for path in (index / "ann").iterdir())}


@pytest.fixture(scope="module")
def approximated(many: Path) -> dict[str, object]:
    return approximate(many, many / "serial", "serial")


def test_approximate_search_gives_the_same_bytes_and_the_same_recall(
    tmp_path: Path, many: Path, approximated: dict[str, Any], executor: RayExecutor
) -> None:
    assert {"out.jsonl", "out.receipts.jsonl"} < set(approximated)
    assert 0 < approximated["recall"] < 1
    assert len(approximated["structures"]) == 2
    assert approximate(many, tmp_path, repr(executor.options)) == approximated


@pytest.mark.parametrize(("fault", "warm"), [("kill", True), ("kill", False), ("disk", True), ("bug", False)])
def test_only_what_was_lost_is_done_again(tmp_path: Path, cluster: object, fault: str, warm: bool) -> None:
    executor, work = RayExecutor(Ray(workers=2)), Marking(tmp_path, warm, fault)
    assert dict(executor.run(work, TaskQueue(range(8)))) == {task: task * task for task in range(8)}
    assert work.tries() == {task: 2 if task == work.at else 1 for task in range(8)}
    assert executor.retried == 1


@pytest.mark.parametrize("warm", [True, False], ids=["actors", "tasks"])
def test_a_task_of_which_nothing_is_heard_is_done_elsewhere(
    tmp_path: Path, cluster: object, warm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LATE", 1.0)
    monkeypatch.setattr(crew, "SLOWER", 2.0)  # of the first task, which waits for a process to start
    work = Marking(tmp_path, warm, "hang")
    receipts = dict(RayExecutor(Ray(workers=1)).run(work, TaskQueue(range(5))))
    assert receipts == {task: task * task for task in range(5)}
    tries = work.tries()
    assert tries.pop(3) > 1
    assert tries == {0: 1, 1: 1, 2: 1, 4: 1}


@pytest.mark.parametrize("warm", [True, False], ids=["actors", "tasks"])
def test_what_fails_every_time_is_given_up_with_one_sentence(
    tmp_path: Path, cluster: object, warm: bool
) -> None:
    work = Marking(tmp_path, warm, "disk", times=99)
    with pytest.raises(WorkLost, match=r"^3 failed 2 times, at last because the disk is away$"):
        list(RayExecutor(Ray(workers=2, tries=2)).run(work, TaskQueue(range(8))))
    assert work.tries()[3] == 2


@pytest.mark.parametrize("warm", [True, False], ids=["actors", "tasks"])
def test_a_mistake_is_told_at_once_as_what_it_is(tmp_path: Path, cluster: object, warm: bool) -> None:
    executor = RayExecutor(Ray(workers=2))
    with pytest.raises(ConfigError, match=r"^tasks must be even$"):
        list(executor.run(Marking(tmp_path, warm, "mistake"), TaskQueue(range(8))))
    with pytest.raises(MissingExtra, match=r"marking needs .*\bmarks\b"):
        list(executor.run(Marking(tmp_path, warm, "start"), TaskQueue(range(8))))


def test_an_index_is_built_from_the_command_line_too(
    tmp_path: Path, corpus_file: Path, cluster: object, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, executor in (("a", "serial"), ("b", "ray(workers=2)")):
        done = call(
            capsys, "build-index", corpus_file, "--encoder", "hashing", "--shard-size", "50", "--out",
            tmp_path / name, "--executor", executor,
        )  # fmt: skip
        assert (done.code, done.out) == (0, "")
        (tmp_path / name / "build.json").unlink()
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_ray_does_not_take_the_signals_of_the_process(cluster: object) -> None:
    assert signal.getsignal(signal.SIGTERM) == cluster


def test_ray_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(MissingExtra, match=r"--executor ray needs .*\bray\b"),
        Ray().open(),
    ):
        pass


def test_an_address_where_nobody_listens_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    executor = Ray(address=f"127.0.0.1:{port}").open()
    with pytest.raises(WorkLost, match=r"^Ray at 127\.0\.0\.1:\d+ cannot be joined \(.*refused"):
        executor.__enter__()


def test_a_ray_that_does_not_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**options: object) -> None:
        raise Exception("The current node timed out during startup.\nIts logs are elsewhere.")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(WorkLost, match=r"cannot be joined \(The current node timed out during startup\.\)$"):
        Ray(address="local").open().__enter__()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--executor", "spark"), "unknown executor 'spark'"),
        (("--executor", "ray(nodes=3)"), "unknown option 'nodes'"),
        (("--ray-address", "10.0.0.1:6379"), "--ray-address is for --executor ray"),
    ],
)
def test_options_that_cannot_be_are_refused(
    tmp_path: Path, options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "build-index", tmp_path, *options)
    assert done.code == 2
    assert message in done.err
