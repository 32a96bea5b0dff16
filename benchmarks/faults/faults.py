"""Breaks commands on purpose, hundreds of times, and counts what was lost.

    python -m benchmarks.faults.faults [--rounds 200] [--minutes 60] [--seed 0] [--short]

Each round prepares a folder, breaks one command at one file-system event (the first rounds take every event of
every command in turn by SIGKILL, the others draw command, event and fault), looks at what was left, runs the
command again and compares with a run that nobody disturbed. Runs are forks of one process that has everything
imported. `--short` takes five events of each command and no more. Writes benchmarks/results/faults.json.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from miner.storage.files import write_json
from tests.faults.harness import FAULTS, Harness
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.support.warm import imported

RESULTS = Path(__file__).parents[1] / "results" / "faults.json"
SHORT = {"kill": 3, "ENOSPC+": 1, "int": 1}
Round = tuple[Scenario, int, str]


def plan(harness: Harness, rounds: int) -> Iterator[Round]:
    """Every event of every command once, then `rounds` draws."""
    yield from ((s, e, "kill") for s in SCENARIOS for e in range(1, harness.whole[s.name][2] + 1))
    for number in range(rounds):
        scenario = harness.draw.choice(SCENARIOS)
        events = harness.whole[scenario.name][2]
        yield scenario, harness.draw.randint(1, events), FAULTS[number % len(FAULTS)]


def short(harness: Harness) -> Iterator[Round]:
    """A few events of every command, from its first to its last."""
    for scenario in SCENARIOS:
        events = harness.whole[scenario.name][2]
        for fault, rounds in SHORT.items():
            for event in sorted({1 + round((i + 0.8) * (events - 1) / rounds) for i in range(rounds)}):
                yield scenario, event, fault


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    imported()
    end = time.monotonic() + 60 * given.minutes
    with tempfile.TemporaryDirectory() as name:
        harness = Harness(Path(name), random.Random(given.seed))
        for scenario in SCENARIOS:
            harness.undisturbed(scenario)
        for scenario, event, fault in short(harness) if given.short else plan(harness, given.rounds):
            if time.monotonic() > end:
                break
            harness.round(scenario, event, fault)
    record = {
        "seed": given.seed,
        "commands": {s.name: harness.whole[s.name][2] for s in SCENARIOS},
        "faults": {fault: dict(counts) for fault, counts in harness.counts.items()},
        "failures": harness.failures,
    }
    write_json(given.output, record)
    print("\n".join(harness.failures[:20]), f"{len(harness.failures)} failures", sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
