"""Killed, interrupted or refused by the disk at any file-system event, a command loses nothing.

This is the short version; benchmarks/faults.py does it hundreds of times.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from miner.errors import IndexNotFound
from miner.index import open_index
from tests.faults.scenarios import SCENARIOS, Scenario, fresh

ROUNDS = {"kill": 3, "ENOSPC+": 2, "int": 2}


@pytest.fixture(scope="module", params=SCENARIOS, ids=lambda scenario: scenario.name)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def whole(
    scenario: Scenario, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], dict[str, bytes], int]:
    """The results before and after a run that nobody disturbs, and how many events it has."""
    folder = tmp_path_factory.mktemp("whole")
    scenario.prepare(folder)
    before = scenario.snapshot(folder)
    outcome = scenario.run(folder)
    assert outcome.code == 0, outcome.error
    assert outcome.events >= 2
    return before, scenario.snapshot(folder), outcome.events


def spread(events: int, rounds: int) -> list[int]:
    return sorted({1 + round((i + 0.8) * (events - 1) / rounds) for i in range(rounds)})


def check_left(scenario: Scenario, folder: Path, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """What an accident left is whole: an index opens or is not there, a result is the old or the new one."""
    left = scenario.snapshot(folder)
    if scenario.results == ("index",):
        try:
            open_index(folder / "index")
        except IndexNotFound:
            assert "index/manifest.json" not in before
        assert left.get("index/manifest.json") in (
            before.get("index/manifest.json"),
            after["index/manifest.json"],
        )
    else:
        assert all(
            content in (before.get(name), after.get(name))
            for name, content in left.items()
            if not Path(name).name.startswith(".")
        )


@pytest.mark.parametrize("fault", ["kill", "ENOSPC+", "int"])
def test_a_broken_run_leaves_old_or_resumable_and_continues_to_the_same_bytes(
    scenario: Scenario, whole: tuple[dict[str, bytes], dict[str, bytes], int], tmp_path: Path, fault: str
) -> None:
    before, after, events = whole
    for event in spread(events, ROUNDS[fault]):
        folder = fresh(tmp_path / f"{event}")
        scenario.prepare(folder)
        outcome = scenario.run(folder, event, fault)
        if fault == "kill":
            assert outcome.code == -9
        elif fault == "int":
            assert outcome.code in (130, 0)
        assert "Traceback" not in outcome.error
        check_left(scenario, folder, before, after)
        again = scenario.run(folder)
        assert again.code == 0, again.error
        assert scenario.snapshot(folder) == after, f"after {fault} at event {event} of {events}"
