from __future__ import annotations

from pathlib import Path

import pytest

from miner.distributed import Agenda, Serial, parse_executor
from miner.distributed.agenda import TRIES
from miner.errors import ConfigError, WorkLost
from tests.working import Marking, Stub


def test_what_is_added_comes_before_what_was_there_and_what_is_tried_again_before_all() -> None:
    agenda = Agenda(["later", "last"])
    first = agenda.take()
    assert first is not None
    agenda.add(["soon"])
    agenda.again(first, "it was lost")
    assert [attempt.task for attempt in iter(agenda.take, None)] == ["later", "soon", "last"]


def test_a_long_list_is_drawn_no_faster_than_it_is_worked_off(tmp_path: Path) -> None:
    drawn = list[int]()
    tasks = (drawn.append(task) or task for task in range(100))  # type: ignore[func-returns-value]
    receipts = Stub(workers=4).run(Marking(tmp_path, warm=False), Agenda(tasks))
    for done, _ in enumerate(receipts, 1):
        assert len(drawn) <= done + 4
    assert len(drawn) == 100


def test_giving_up_is_one_sentence_with_the_task_the_tries_and_the_last_reason() -> None:
    agenda = Agenda(["shard 7"])
    attempt = agenda.take()
    assert attempt is not None
    for _ in range(TRIES - 1):
        agenda.again(attempt, "the disk is away")
    with pytest.raises(WorkLost, match=r"^shard 7 failed 4 times, at last because its node is gone$"):
        agenda.again(attempt, "its node is gone")


@pytest.mark.parametrize("executor", [Serial(), Stub(), Stub(workers=1), Stub(lossy=3)], ids=repr)
def test_tasks_added_while_others_run_are_done_too(tmp_path: Path, executor: Serial | Stub) -> None:
    agenda = Agenda([1, 2])
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
