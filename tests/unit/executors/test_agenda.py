from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from miner.errors import ConfigError, WorkLost
from miner.executors import Attempt, Serial, TaskQueue, parse_executor
from miner.executors.queue import TRIES
from miner.executors.workers import Done, Lost, Outcome, drain
from tests.support.working import Marking, Stub


def test_what_is_added_comes_before_what_was_there_and_what_is_tried_again_before_all() -> None:
    agenda = TaskQueue(["later", "last"])
    first = agenda.take()
    assert first is not None
    agenda.add(["soon"])
    agenda.again(first, "it was lost")
    assert [attempt.task for attempt in iter(agenda.take, None)] == ["later", "soon", "last"]


def test_a_long_list_is_drawn_no_faster_than_it_is_worked_off(tmp_path: Path) -> None:
    drawn = list[int]()
    tasks = (drawn.append(task) or task for task in range(100))  # type: ignore[func-returns-value]
    receipts = Stub(workers=4).run(Marking(tmp_path, warm=False), TaskQueue(tasks))
    for done, _ in enumerate(receipts, 1):
        assert len(drawn) <= done + 4
    assert len(drawn) == 100


def test_giving_up_is_one_sentence_with_the_task_the_tries_and_the_last_reason() -> None:
    agenda = TaskQueue(["shard 7"])
    attempt = agenda.take()
    assert attempt is not None
    for _ in range(TRIES - 1):
        agenda.again(attempt, "the disk is away")
    with pytest.raises(WorkLost, match=r"^shard 7 failed 4 times, at last because its node is gone$"):
        agenda.again(attempt, "its node is gone")


@pytest.mark.parametrize("executor", [Serial(), Stub(), Stub(workers=1), Stub(lossy=3)], ids=repr)
def test_tasks_added_while_others_run_are_done_too(tmp_path: Path, executor: Serial | Stub) -> None:
    agenda = TaskQueue([1, 2])
    receipts = {}
    for task, receipt in executor.run(Marking(tmp_path, warm=False), agenda):
        receipts[task] = receipt
        agenda.add([task + 2] if task < 9 else [])
    assert receipts == {task: task * task for task in range(1, 11)}


def test_executors_are_spelt_as_filters_are() -> None:
    for text in ("serial()", "ray()", "ray(workers=8, cpus=2.0, gpus=1.0)", "ray(address='10.0.0.1:6379')"):
        assert repr(parse_executor(text)) == text


@pytest.mark.parametrize("text", ["spark", "ray(workers=0)", "ray(cpus=0)", "ray(gpus=-1)", "ray(tries=0)"])
def test_an_executor_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_executor(text)


@dataclass
class Echoing:
    """A crew that says of each attempt at once that nothing is heard of it; in the end all attempts end well."""

    running: list[Attempt[int]] = field(default_factory=list)
    told: set[int] = field(default_factory=set)
    begun: list[int] = field(default_factory=list)

    @property
    def room(self) -> bool:
        return len(self.running) < 8

    @property
    def busy(self) -> bool:
        return any(not attempt.done for attempt in self.running)

    def begin(self, attempt: Attempt[int]) -> None:
        self.running.append(attempt)
        self.begun.append(attempt.task)

    def ended(self) -> Iterator[tuple[Attempt[int], Outcome[int]]]:
        if len(self.told) == len(set(self.begun)) == len(self.begun) // 2:
            yield self.running.pop(0), Lost("it was heard of too late")
            while self.running:
                attempt = self.running.pop(0)
                yield attempt, Done(attempt.task)

    def late(self, seconds: float) -> list[Attempt[int]]:
        new = [attempt for attempt in self.running if attempt.task not in self.told]
        self.told |= {attempt.task for attempt in new}
        return new

    def dismiss(self) -> None:
        self.running.clear()


def test_of_two_ends_of_one_task_the_first_good_one_counts() -> None:
    crew = Echoing()
    assert sorted(drain(crew, TaskQueue([1, 2, 3]))) == [(1, 1), (2, 2), (3, 3)]
    assert sorted(crew.begun) == [1, 1, 2, 2, 3, 3]
