"""The machine's other processors compare candidates ahead of the process that mines: same bytes, and no harm done by
one that fails."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from miner import Index, Serial, build_index, mine
from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import WorkLost
from miner.executors import TaskQueue, Work, processes
from miner.index import memo
from miner.mining import helpers, miner
from miner.mining.helpers import Helpers

QUERIES, LAST = 48, 6


@pytest.fixture
def index(tmp_path: Path, passages: list[Passage], encoder: HashingEncoder) -> Index:
    return build_index(passages, tmp_path / "index", encoder, shard_size=50)


@pytest.fixture(autouse=True)
def _much_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven queries a part, and a process for each thousand candidates."""
    monkeypatch.setattr(miner, "POOL_QUERIES", 7)
    monkeypatch.setattr(helpers, "EACH", 1000)
    monkeypatch.setattr(helpers, "cores", lambda: 3)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the parts whose evidence came from elsewhere; helpers have begun before this process goes on."""
    found, begun = list[int](), Event()
    ask, take = helpers._Share.elsewhere, helpers._Share._taken

    def noted(share: helpers._Share, number: int) -> Any:
        if (evidence := ask(share, number)) is not None:
            found.append(number)
        begun.wait(10)
        return evidence

    def taken(share: helpers._Share) -> Iterator[helpers.Part]:
        for part in take(share):
            begun.set()
            yield part

    monkeypatch.setattr(helpers._Share, "elsewhere", noted)
    monkeypatch.setattr(helpers._Share, "_taken", taken)
    return found


class Beside:
    """An executor that works in its thread, up to a task that it loses."""

    def __init__(self, loses: int | None = None) -> None:
        self.loses, self.begun = loses, list[int]()

    def run(self, work: Work[Any, Any], queue: TaskQueue[Any]) -> Iterator[tuple[Any, Any]]:
        do = pickle.loads(pickle.dumps(work)).start()
        while attempt := queue.take():
            self.begun.append(attempt.task.number)
            if attempt.task.number == self.loses:
                raise WorkLost("its worker ended")
            yield attempt.task, do(attempt.task)


Written = Callable[..., tuple[bytes, bytes]]


@pytest.fixture
def written(tmp_path: Path, index: Index, queries: list[Query]) -> Written:
    """Rows and receipts as mined with nothing remembered, by this process alone or as it is by default."""

    def done(name: str, **asked: Any) -> tuple[bytes, bytes]:
        for path in (index.path / "cache").glob("*_*"):
            path.unlink()
        mine(queries, asked.pop("index", index), output=tmp_path / f"{name}.jsonl", **asked)
        endings = (".jsonl", ".receipts.jsonl")
        rows, receipts = ((tmp_path / f"{name}{ending}").read_bytes() for ending in endings)
        return rows, receipts

    return done


def test_processes_help_and_change_no_byte_and_end_with_the_run(
    written: Written, given: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = list[Any]()
    begun = processes.Process.__init__

    def noted(worker: Any, threads: int) -> None:
        begun(worker, threads)
        workers.append(worker)

    monkeypatch.setattr(processes.Process, "__init__", noted)
    assert written("helped") == written("alone", executor=Serial())
    assert given
    assert workers
    assert not any(worker.alive for worker in workers)


def test_what_a_helper_loses_is_compared_here(
    written: Written, given: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = Beside(loses=LAST)
    monkeypatch.setattr(Helpers, "executor", lambda self, workers: beside)
    assert written("helped") == written("alone", executor=Serial())
    assert set(beside.begun) == {LAST}
    assert given == []


def test_a_machine_that_starts_no_process_mines_alone(
    written: Written, given: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError("Resource temporarily unavailable")

    monkeypatch.setattr("miner.executors.processes.subprocess.Popen", full)
    assert written("helped") == written("alone", executor=Serial())
    assert given == []


def test_several_indexes_are_seen_by_helpers_as_by_the_process_itself(
    tmp_path: Path,
    passages: list[Passage],
    index: Index,
    written: Written,
    given: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [index, build_index(passages, tmp_path / "second", HashingEncoder(64))]
    monkeypatch.setattr(Helpers, "executor", lambda self, workers: Beside())
    assert written("helped", index=both) == written("alone", index=both, executor=Serial())
    assert given


def test_a_second_run_with_another_filter_asks_nobody(
    tmp_path: Path, index: Index, queries: list[Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memo, "LEAST_BYTES", 0)
    mine(queries, index, executor=Serial(), output=tmp_path / "first.jsonl")
    asked = list[int]()
    monkeypatch.setattr(Helpers, "executor", lambda self, workers: asked.append(workers))
    mine(queries, index, filters="margin(relative=0.01)", widen=False)
    assert asked == []


@pytest.mark.parametrize(("cores", "each"), [(1, 1000), (3, QUERIES * 100 + 1)])
def test_one_processor_or_little_to_compare_begin_no_process(
    index: Index, queries: list[Query], monkeypatch: pytest.MonkeyPatch, cores: int, each: int
) -> None:
    monkeypatch.setattr(helpers, "EACH", each)
    monkeypatch.setattr(helpers, "cores", lambda: cores)
    monkeypatch.setattr(Helpers, "executor", None)
    assert len(mine(queries, index)) == QUERIES


@pytest.mark.usefixtures("given")
def test_helpers_at_work_when_a_run_breaks_off_are_ended_when_they_are_heard_of(
    index: Index, queries: list[Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, ended = Event(), Event()

    class Late(Beside):
        def run(self, work: Work[Any, Any], queue: TaskQueue[Any]) -> Iterator[tuple[Any, Any]]:
            try:
                for done in super().run(work, queue):
                    broken.wait(10)
                    yield done
            finally:
                ended.set()

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    late = Late()
    monkeypatch.setattr(Helpers, "executor", lambda self, workers: late)
    monkeypatch.setattr(miner.Miner, "choose", stop)
    with pytest.raises(KeyboardInterrupt):
        mine(queries, index, select="top()")
    broken.set()
    assert ended.wait(10)
    assert late.begun == [LAST]
