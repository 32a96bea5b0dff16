"""Mining with workers that share files: queries in blocks, shards in groups, results joined in order.

What passes between tasks lies in `OUTPUT.work` beside the output, on a disk that all workers share, or beside
the index if that lies in a store; a run that was stopped continues from there, unless its output is a stream.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from miner.data import Query
from miner.errors import ConfigError
from miner.executors import Executor, TaskQueue
from miner.formats.cohere import RECEIPTS, RUN, companion
from miner.index import Index
from miner.mining.counts import MiningCounts
from miner.mining.fitting import fitted
from miner.mining.miner import SEARCH_QUERIES
from miner.mining.recipe import Recipe
from miner.mining.run_record import RunInfo
from miner.mining_tasks import approximate
from miner.mining_tasks.bundle import open_bundle, pack_queries
from miner.mining_tasks.plan import WavePlan, groups
from miner.mining_tasks.tasks import PrepareTask
from miner.mining_tasks.work import Mining, Preparing, Run
from miner.progress import Clock
from miner.search.exhaustive import Exhaustive
from miner.search.per_shard import IvfPq
from miner.storage import files, sealed
from miner.storage.atomic import is_stream
from miner.storage.locks import BUILDER, READERS, building
from miner.storage.mirror import scratch_of
from miner.storage.place import Place
from miner.storage.sealed import Sealed
from miner.version import __version__

LEAST, PARTS = 256, 64
"""Queries a block at least, and blocks a run unless they get too large or too small."""


def mine_files(
    queries: Sequence[Query],
    indexes: Sequence[Index],
    recipe: Recipe,
    output: Path,
    executor: Executor,
    *,
    arguments: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """Mine hard negatives by an executor; write what MiningResult.write writes, byte for byte, and return the record.

    Raises ConfigError for a recipe with a teacher, whose scores would depend on the blocks in their last
    bits, or with a search by hnsw or ivf, whose structure is of a whole index; what `mine` raises; WorkLost;
    Locked if the same output is being made.
    """
    clock = clock or Clock()
    _check(recipe)
    recipe = fitted(recipe, queries, indexes, clock=clock)
    with _work_folder(output) as work, building(work):
        run = _run(work, queries, indexes, recipe)
        asked = [
            pack_queries(queries[part]).seal(run.place, f"asked/{number:05d}")
            for number, part in enumerate(_blocks(len(queries)))
        ]
        prepared = _prepared(run, asked, executor, clock)
        cut = [groups(len(index.manifest.shards), executor.workers) for index in indexes]
        recall = dict[str, float]()
        if recipe.search.coding and asked:
            approximate.build(run, indexes, executor, clock)
            recall = approximate.measured(run, indexes, prepared, len(queries), cut, executor)
        judged = _judged(
            run, WavePlan(run.place, cut), list(zip(asked, prepared, strict=True)), executor, clock
        )
        made = RunInfo(recipe, indexes, MiningCounts(), clock, recall)
        record = _joined(output, run.place, made, judged, arguments or {})
        run.place.clear()
        _sweep(work)
    return record


@contextmanager
def _work_folder(output: Path) -> Iterator[Path]:
    """A folder beside the output, or, for a stream, with which no run goes on, one for the length of the block."""
    if not is_stream(output):
        yield output.with_name(f"{output.name}.work").absolute()
        return
    with TemporaryDirectory(prefix=".miner-", dir=_here()) as folder:
        yield Path(folder)


def _here() -> Path | None:
    """The current folder, which workers elsewhere may share, if anything can be written there."""
    with suppress(OSError):
        if os.access(here := Path.cwd(), os.W_OK | os.X_OK):
            return here
    return None


def _sweep(work: Path) -> None:
    """Delete what runs have left in a folder, and the folder unless somebody keeps something else there."""
    for path in work.iterdir():
        if re.fullmatch(rf"[0-9a-f]{{{sealed.DIGITS}}}", path.name):
            shutil.rmtree(path)
    for lock in (BUILDER, READERS):
        (work / lock).unlink(missing_ok=True)
    with suppress(OSError):
        work.rmdir()


def _check(recipe: Recipe) -> None:
    if recipe.teacher is not None:
        raise ConfigError("a teacher scores pairs in one process only; leave out --teacher or --executor")
    if not isinstance(recipe.search.parsed, Exhaustive | IvfPq):
        raise ConfigError(
            f"--search {recipe.search.method} works in one process only; take ivfpq, or leave out --executor"
        )


def _blocks(queries: int) -> list[slice]:
    """Which queries make up each block: a function of their number alone, so that any cluster continues."""
    size = min(SEARCH_QUERIES, max(LEAST, math.ceil(queries / PARTS)))
    return [slice(start, start + size) for start in range(0, queries, size)]


def _run(work: Path, queries: Sequence[Query], indexes: Sequence[Index], recipe: Recipe) -> Run:
    """The run with a place of its own, named by all that decides the result."""
    places = tuple((index.place, index.manifest.sha256) for index in indexes)
    name = hashlib.sha256("\n".join((__version__, repr(recipe), *(digest for _, digest in places))).encode())
    for query in queries:
        name.update(repr(query).encode("utf-8", "surrogatepass"))
    return Run(scratch_of(places[0][0], work / name.hexdigest()[: sealed.DIGITS]), places, recipe)


def _prepared(run: Run, asked: Sequence[Sealed], executor: Executor, clock: Clock) -> list[Sealed]:
    done = dict[int, Sealed]()
    with clock.stage("prepare", len(asked), "blocks") as stage:
        tasks = (PrepareTask(number, queries) for number, queries in enumerate(asked))
        for task, receipt in executor.run(Preparing(run), TaskQueue(tasks)):
            done[task.number] = receipt
            clock.advance(stage, 1)
    return [done[number] for number in range(len(asked))]


def _judged(
    run: Run, plan: WavePlan, blocks: Sequence[tuple[Sealed, Sealed]], executor: Executor, clock: Clock
) -> list[Sealed]:
    with clock.stage("search and filter", len(blocks), "blocks") as stage:
        queue = TaskQueue(plan.tasks(blocks))
        for task, receipt in executor.run(Mining(run), queue):
            queue.add(plan.follow(task, receipt))
            clock.advance(stage, len(plan.done) - stage.items)
    return [plan.done[number] for number in range(len(blocks))]


def _joined(
    output: Path, place: Place, made: RunInfo, judged: Sequence[Sealed], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the files of all blocks one after another, and the record of what was made."""
    second = companion(output, RECEIPTS)
    with files.together(output, second, companion(output, RUN)) as (rows, receipts, record):
        with made.clock.stage("write", len(judged), "blocks") as stage:
            for file in judged:
                plain = open_bundle(place, file).plain
                made.tally.add(MiningCounts.read(plain["tally"]))
                for line, stream in zip(plain["lines"], (rows, receipts), strict=True):
                    stream.write(place.read(Sealed(**line)))
                made.clock.advance(stage, 1)
        outputs = {output.name: files.sha256_of(rows), second.name: files.sha256_of(receipts)}
        found = made.record(outputs, arguments)
        record.write(files.json_bytes(found))
    return found
