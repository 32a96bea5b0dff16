"""Processes of this machine do what the serial executor does, byte for byte, and lose nothing when one of them dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, MinerError, MissingExtra, WorkLost
from miner.executors import Processes, TaskQueue
from miner.executors.processes import ProcessExecutor
from miner.index import build_index
from miner.mining_tasks.mine import mine
from miner.progress import Clock
from tests.support.commandline import call
from tests.support.indexing import content, written
from tests.support.working import Marking


@pytest.fixture(scope="module")
def executor() -> Iterator[ProcessExecutor]:
    with Processes(workers=2).open() as running:
        yield running


@dataclass(frozen=True)
class Heavy(Marking):
    """Tells the folder how often it was sent away."""

    def __reduce__(self) -> tuple[Any, ...]:
        (self.folder.parent / f"sent-{time.monotonic_ns()}").touch()
        return Heavy, (self.folder, self.warm)


@dataclass(frozen=True)
class Printing(Marking):
    """As libraries do that tell the world of their version."""

    def mark(self, task: int) -> int:
        print("a library says hello", flush=True)
        os.write(1, b"and so does its C\n")
        return super().mark(task)


def test_an_index_is_the_same_byte_for_byte(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder, executor: ProcessExecutor
) -> None:
    build_index(passages, tmp_path / "a", encoder, shard_size=50)
    build_index(passages, tmp_path / "b", encoder, shard_size=50, executor=executor)
    assert content(tmp_path / "a") == content(tmp_path / "b")


@pytest.mark.parametrize("search", ["exact", "ivfpq(nprobe=3, fetch=2)"])
def test_mined_rows_and_receipts_are_the_same_byte_for_byte(
    tmp_path: Path,
    passages: list[Passage],
    queries: list[Query],
    search: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    index = build_index(passages, tmp_path / "index", HashingEncoder(), shard_size=50)
    mine(queries, index, search=search).write(tmp_path / "a.jsonl")
    asked = written(queries, tmp_path)
    done = call(
        capsys, "mine", asked, "--index", index.path, "-o", tmp_path / "b.jsonl",
        "--executor", "processes(workers=2)", "--search", search,
    )  # fmt: skip
    assert (done.code, done.out) == (0, ""), done.err
    for end in (".jsonl", ".receipts.jsonl"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()
    records = [json.loads((tmp_path / f"{name}.run.json").read_bytes()) for name in "ab"]
    assert records[0]["counts"] == records[1]["counts"]


@pytest.mark.parametrize("fault", ["kill", "orphan", "exit", "disk", "bug"])
def test_only_what_was_lost_is_done_again(tmp_path: Path, fault: str) -> None:
    work = Marking(tmp_path, False, fault)
    with Processes(workers=2).open() as executor:
        assert dict(executor.run(work, TaskQueue(range(8)))) == {task: task * task for task in range(8)}
        assert executor.retried == 1
    assert work.tries() == {task: 2 if task == work.at else 1 for task in range(8)}


def test_what_fails_every_time_is_given_up_with_one_sentence(tmp_path: Path) -> None:
    work = Marking(tmp_path, False, "kill", times=99)
    with (
        Processes(workers=2, tries=2).open() as executor,
        pytest.raises(WorkLost, match=r"^3 failed 2 times, at last because its worker ended \(signal 9\)$"),
    ):
        list(executor.run(work, TaskQueue(range(8))))
    assert work.tries()[3] == 2


def test_how_a_worker_ended_is_told_with_the_last_that_it_said(tmp_path: Path) -> None:
    work = Marking(tmp_path, False, "exit", times=99)
    with Processes(workers=1, tries=1).open() as executor, pytest.raises(WorkLost) as told:
        list(executor.run(work, TaskQueue(range(8))))
    assert str(told.value).endswith("its worker ended (exit code 3: out of luck)")


def test_an_error_that_cannot_travel_is_told_by_its_message(
    tmp_path: Path, executor: ProcessExecutor
) -> None:
    with pytest.raises(MinerError, match=r"^told whole$"):
        list(executor.run(Marking(tmp_path, False, "strange"), TaskQueue(range(8))))


def test_what_reads_standard_input_finds_it_empty(tmp_path: Path, executor: ProcessExecutor) -> None:
    work = Marking(tmp_path, False, "input")
    assert dict(executor.run(work, TaskQueue([3]))) == {3: 9}


def test_workers_that_died_meanwhile_cost_no_tries(tmp_path: Path) -> None:
    with Processes(workers=2, tries=1).open() as executor:
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            assert len(list(executor.run(Marking(folder, False), TaskQueue(range(4))))) == 4
            for worker in executor.idle:
                worker.process.kill()
                worker.process.wait()


def test_the_work_travels_once_to_each_run(tmp_path: Path) -> None:
    folder = tmp_path / "marks"
    folder.mkdir()
    with Processes(workers=2).open() as executor:
        list(executor.run(Heavy(folder, True), TaskQueue(range(8))))
    assert len(list(tmp_path.glob("sent-*"))) == 1


def test_what_python_takes_for_paths_may_stand_in_its_search_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path, None, "x" * 200_000])
    with Processes(workers=1).open() as executor:
        assert dict(executor.run(Marking(tmp_path, False), TaskQueue(range(2)))) == {0: 0, 1: 1}


def test_an_executor_whose_block_has_ended_is_refused(tmp_path: Path) -> None:
    with Processes(workers=1).open() as executor:
        pass
    with pytest.raises(ConfigError, match=r"the block of processes\(workers=1\) has ended"):
        list(executor.run(Marking(tmp_path, False), TaskQueue(range(2))))


def test_a_mistake_is_told_at_once_as_what_it_is(tmp_path: Path, executor: ProcessExecutor) -> None:
    with pytest.raises(ConfigError, match=r"^tasks must be even$"):
        list(executor.run(Marking(tmp_path, False, "mistake"), TaskQueue(range(8))))
    with pytest.raises(MissingExtra, match=r"marking needs .*\bmarks\b"):
        list(executor.run(Marking(tmp_path, True, "start"), TaskQueue(range(8))))


def test_what_cannot_travel_is_told(tmp_path: Path, executor: ProcessExecutor) -> None:
    class Local(Marking):
        pass

    with pytest.raises(ConfigError, match="cannot be sent to other processes"):
        list(executor.run(Local(tmp_path, False), TaskQueue(range(2))))


def test_what_libraries_print_does_not_get_between(tmp_path: Path, executor: ProcessExecutor) -> None:
    assert dict(executor.run(Printing(tmp_path, False), TaskQueue(range(3)))) == {0: 0, 1: 1, 2: 4}


def test_workers_stay_for_the_next_work_and_end_with_the_block(tmp_path: Path) -> None:
    with Processes(workers=1).open() as executor:
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            list(executor.run(Marking(folder, False), TaskQueue(range(2))))
            (worker,) = executor.idle
        assert worker.process.poll() is None
    assert worker.process.poll() is not None


def test_workers_of_a_caller_that_was_killed_end_whatever_they_are_at(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from miner.executors import Processes, TaskQueue
from tests.support.working import Marking
with Processes(workers=1).open() as executor:
    work = Marking(Path({str(tmp_path)!r}), False, "hang", at=1)
    for _ in executor.run(work, TaskQueue(range(2))):
        print(executor.idle[0].process.pid, flush=True)
"""
    caller = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert caller.stdout
    worker = int(caller.stdout.readline())
    while not (tmp_path / "1-0").exists():
        time.sleep(0.05)
    caller.send_signal(signal.SIGKILL)
    caller.communicate()
    assert _ends(worker)


def _ends(pid: int, seconds: float = 30.0) -> bool:
    """Whether a process that is no child of ours ends soon."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state: Any = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_what_goes_to_a_stream_leaves_nothing_behind(
    tmp_path: Path, passages: list[Passage], queries: list[Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = build_index(passages, tmp_path / "index", HashingEncoder(), shard_size=50)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    words = ["mine", written(queries, tmp_path), "--index", index.path, "--executor", "processes(workers=1)"]
    done = subprocess.run(
        [sys.executable, "-m", "miner", *map(str, words), "-o", "-"], cwd=here, capture_output=True
    )
    assert len(done.stdout.splitlines()) == len(queries), done.stderr
    assert not list(here.iterdir())


def test_a_folder_named_like_ours_keeps_what_others_have_in_it(
    tmp_path: Path, passages: list[Passage], queries: list[Query], executor: ProcessExecutor
) -> None:
    index = build_index(passages, tmp_path / "index", HashingEncoder(), shard_size=50)
    theirs = tmp_path / "out.jsonl.work" / "precious"
    theirs.parent.mkdir()
    theirs.touch()
    mine(queries, index, output=tmp_path / "out.jsonl", executor=executor)
    assert list(theirs.parent.iterdir()) == [theirs]


def test_only_new_texts_are_encoded_by_workers_that_have_built_before(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder, executor: ProcessExecutor
) -> None:
    clocks = [Clock(), Clock()]
    for clock, given in zip(clocks, (passages[20:], passages), strict=True):
        build_index(
            given, tmp_path / "i", encoder, shard_size=50, existing="update", executor=executor, clock=clock
        )
    assert [clock.stages["encode"].items for clock in clocks] == [len(passages) - 20, 20]


@pytest.mark.parametrize("spelt", ["processes(workers=0)", "processes(tries=0)", "processes(cpus=2)"])
def test_options_that_cannot_be_are_refused(
    tmp_path: Path, spelt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "build-index", tmp_path, "--executor", spelt)
    assert done.code == 2
