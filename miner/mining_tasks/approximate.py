"""What an approximate search needs besides: structures built before it, and its recall measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from miner.data import Half, Int64
from miner.executors import Executor, TaskQueue
from miner.index import Index
from miner.mining_tasks.bundle import Bundle, open_bundle
from miner.mining_tasks.found import Merging, open_groups
from miner.mining_tasks.plan import Groups, groups
from miner.mining_tasks.tasks import Build, Level, SearchTask
from miner.mining_tasks.work import Building, Mining, Run
from miner.progress import Clock
from miner.storage.sealed import Sealed
from miner.vectors.recall import recall, sampled

TASKS = 4
"""For each worker, so that none waits long for the last."""


def build(run: Run, indexes: Sequence[Index], executor: Executor, clock: Clock) -> None:
    """Build the structures of all shards that are not there. Raises what Executor.run raises."""
    tasks = [
        Build(number, start, stop)
        for number, index in enumerate(indexes)
        for start, stop in groups(len(index.manifest.shards), TASKS * executor.workers)
    ]
    with clock.stage("build ivfpq", sum(task.stop - task.start for task in tasks), "shards") as stage:
        for _, shards in executor.run(Building(run), TaskQueue(tasks)):
            clock.advance(stage, shards)


def measured(
    run: Run,
    indexes: Sequence[Index],
    prepared: Sequence[Sealed],
    queries: int,
    cut: Sequence[Groups],
    executor: Executor,
) -> dict[str, float]:
    """As Finder.recall: a sample of the prepared queries is searched as they will be, and exactly. Raises what
    Executor.run raises.
    """
    names = [f"queries{number}" for number in range(len(indexes))]
    vectors = [_sample(run, name, prepared, queries) for name in names]
    sample = Bundle(dict(zip(names, vectors, strict=True)), None).seal(run.place, "sampled")
    levels = [Level(len(prepared), wave, sample, sample) for wave in range(2)]
    tasks = [
        SearchTask(level, index, start, stop)
        for level in levels
        for index, groups in enumerate(cut)
        for start, stop in groups
    ]
    found = {
        task: receipt
        for task, receipt in executor.run(Mining(run), TaskQueue(tasks))
        if isinstance(receipt, Sealed)
    }

    def rows(number: int, level: Level) -> Int64:
        files = [found[task] for task in tasks if (task.level, task.index) == (level, number)]
        coding = level.coding(run.recipe.search)
        merging = Merging(indexes[number], coding, open_groups(run.place, files))
        depth = min(run.recipe.depth, len(indexes[number]))
        return merging.candidates(slice(None), vectors[number], depth).rows

    return {
        str(index.place): recall(rows(number, levels[1]), rows(number, levels[0]))
        for number, index in enumerate(indexes)
    }


def _sample(run: Run, name: str, prepared: Sequence[Sealed], queries: int) -> Half:
    """The vectors of a sample of all queries, as one index sees them."""
    wanted, parts, start = sampled(queries), list[Half](), 0
    for file in prepared:
        block = open_bundle(run.place, file).arrays[name]
        parts.append(block[wanted[(wanted >= start) & (wanted < start + len(block))] - start])
        start += len(block)
    return np.concatenate(parts)
