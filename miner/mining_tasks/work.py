"""What workers do in a mining run: prepare a block of queries, search a group of shards, judge what was found.

Each task is a pure function of files: done again it finds its own result. Candidates of a group are a running
top-k over its shards, and merging those of groups gives what one search over all would (found.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import ClassVar

from miner.data import Candidates, Query
from miner.index import Index
from miner.index.index import reopen
from miner.index.manifest import Manifest, read_manifest
from miner.index.shards import Shards
from miner.mining.block import Block
from miner.mining.counts import MiningCounts
from miner.mining.miner import Miner, Wave, pieces
from miner.mining.pick import Pick
from miner.mining.prepare import Prepared, prepare
from miner.mining.recipe import Recipe
from miner.mining.result import MiningResult
from miner.mining.run_record import RunInfo
from miner.mining_tasks.bundle import (
    Bundle,
    open_bundle,
    pack_picks,
    pack_prepared,
    unpack_picks,
    unpack_prepared,
    unpack_queries,
)
from miner.mining_tasks.found import Merging, ShardGroup, open_groups
from miner.mining_tasks.tasks import Build, Judged, JudgeTask, Level, PrepareTask, SearchTask
from miner.progress import Clock
from miner.search.per_shard import PerShardIvfPq
from miner.storage.place import Place
from miner.storage.sealed import Sealed


@dataclass(frozen=True)
class Run:
    """All that decides the results of a run: the place for what passes between tasks, the indexes by place
    and SHA-256 of the manifest, the recipe.
    """

    place: Place
    indexes: tuple[tuple[Place, str], ...]
    recipe: Recipe

    def open(self) -> tuple[Index, ...]:
        indexes = tuple(reopen(*each) for each in self.indexes)
        for index in indexes:
            index.caching = False
        return indexes

    def shards(self, index: int, manifest: Manifest, start: int, stop: int) -> Shards:
        """Some shards of an index."""
        return Shards(self.indexes[index][0], manifest.shards[start:stop], manifest.dim)


@dataclass(frozen=True)
class Preparing:
    """Work on Asked, by workers that keep the encoder."""

    run: Run
    warm: ClassVar[bool] = True

    @property
    def key(self) -> str:
        return f"preparing {self.run.place}"

    def start(self) -> Callable[[PrepareTask], Sealed]:
        indexes = self.run.open()
        encoder = indexes[0].lazy_encoder()

        def do(task: PrepareTask) -> Sealed:
            if done := self.run.place.whole(task.stem, ".npz"):
                return done
            queries = unpack_queries(open_bundle(self.run.place, task.queries))
            prepared = prepare(queries, indexes, self.run.recipe, encoder)
            return pack_prepared(prepared).seal(self.run.place, task.stem)

        return do


@dataclass(frozen=True)
class Mining:
    """Work on Search and JudgeTask."""

    run: Run
    warm: ClassVar[bool] = False

    @property
    def key(self) -> str:
        return f"mining {self.run.place}"

    def start(self) -> Callable[[SearchTask | JudgeTask], Sealed | Judged]:
        return _TaskWorker(self.run)


@dataclass(frozen=True)
class Building:
    """Work on Build: the structures of shards, beside the index."""

    run: Run
    warm: ClassVar[bool] = False

    @property
    def key(self) -> str:
        return f"building for {self.run.place}"

    def start(self) -> Callable[[Build], int]:
        def do(task: Build) -> int:
            search, manifest = self.run.recipe.search, read_manifest(self.run.indexes[task.index][0])
            assert search.coding is not None
            shards = self.run.shards(task.index, manifest, task.start, task.stop)
            PerShardIvfPq(shards, search.coding, search.max_memory).build()
            return task.stop - task.start

        return do


class _TaskWorker:
    """Opens what its tasks turn out to need."""

    def __init__(self, run: Run) -> None:
        self.run, self.place = run, run.place

    def __call__(self, task: SearchTask | JudgeTask) -> Sealed | Judged:
        if isinstance(task, SearchTask):
            return self.search(task)
        if done := self.place.whole(task.stem, ".npz"):
            return judged(self.place, done)
        return self.judge(task)

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        return tuple(read_manifest(place) for place, _ in self.run.indexes)

    @cached_property
    def indexes(self) -> tuple[Index, ...]:
        return self.run.open()

    @cached_property
    def miner(self) -> Miner:
        return Miner(self.indexes, self.run.recipe)

    def search(self, task: SearchTask) -> Sealed:
        if done := self.place.whole(task.stem, ".npy"):
            return done
        manifest = self.manifests[task.index]
        vectors = open_bundle(self.place, task.level.prepared).arrays[f"queries{task.index}"]
        wave = self.wave(task.level, len(vectors), manifest.counts.passages)
        parts = [vectors[list(wave.queries[piece])] for piece in pieces(wave, self.run.recipe.depth)]
        return self.group(task).seal(self.place, task.stem, parts, wave.depth)

    def group(self, task: SearchTask) -> ShardGroup:
        manifest, search = self.manifests[task.index], self.run.recipe.search
        return ShardGroup(
            shards=self.run.shards(task.index, manifest, task.start, task.stop),
            first=sum(shard.rows for shard in manifest.shards[: task.start]),
            coding=task.level.coding(search),
            max_memory=search.max_memory,
        )

    def judge(self, task: JudgeTask) -> Judged:
        level = task.level
        queries = unpack_queries(open_bundle(self.place, level.queries))
        prepared = unpack_prepared(open_bundle(self.place, level.prepared), queries, self.indexes)
        wave = self.wave(level, len(queries), len(self.indexes[0]))
        picks, self.miner.counts = self.before(level)
        new, left = self.miner.judge(prepared.block, wave, self.found(task, wave, prepared.block))
        picks |= new
        plain = {"tally": self.miner.counts.plain(), "left": left.queries, "depth": left.depth}
        if not left.queries:
            mined = self.mined(queries, prepared, [picks[i] for i in range(len(queries))])
            plain["lines"] = [asdict(file) for file in self.written(level.number, mined)]
        made = Bundle(pack_picks(picks), plain).seal(self.place, task.stem)
        self.place.discard(file for groups in task.found for file in groups)
        return Judged(made, len(left.queries))

    def wave(self, level: Level, queries: int, passages: int) -> Wave:
        if level.left is None:
            return Wave(tuple(range(queries)), min(self.run.recipe.depth, passages))
        plain = open_bundle(self.place, level.left).plain
        return Wave(tuple(plain["left"]), plain["depth"])

    def before(self, level: Level) -> tuple[dict[int, Pick], MiningCounts]:
        """What the waves before picked and counted."""
        if level.left is None:
            return {}, MiningCounts()
        bundle = open_bundle(self.place, level.left)
        return unpack_picks(bundle.arrays), MiningCounts.read(bundle.plain["tally"])

    def found(self, task: JudgeTask, wave: Wave, block: Block) -> Callable[[slice], Candidates]:
        """Gives the candidates of a piece of the wave, merged out of those of all groups."""
        coding = task.level.coding(self.run.recipe.search)
        merging = [
            Merging(index, coding, open_groups(self.place, groups))
            for index, groups in zip(self.indexes, task.found, strict=True)
        ]

        def candidates(piece: slice) -> Candidates:
            few = block.part(wave.queries[piece])
            found = [
                each.candidates(piece, vectors, wave.depth)
                for each, vectors in zip(merging, few.seen, strict=True)
            ]
            return self.miner.finder.fused(few.vectors, wave.depth, found)

        return candidates

    def mined(self, queries: Sequence[Query], prepared: Prepared, picks: Sequence[Pick]) -> MiningResult:
        made = RunInfo(self.run.recipe, self.indexes, self.miner.counts, Clock())
        return MiningResult(queries, prepared, picks, made)

    def written(self, number: int, mined: MiningResult) -> tuple[Sealed, Sealed]:
        """The rows and the receipts of a block, as files."""
        rows, receipts = zip(*mined.lines(), strict=True)
        return (
            self.place.seal(f"rows/{number:05d}", ".jsonl", b"".join(rows)),
            self.place.seal(f"receipts/{number:05d}", ".jsonl", b"".join(receipts)),
        )


def judged(place: Place, file: Sealed) -> Judged:
    """The receipt of a wave that was judged before."""
    return Judged(file, len(open_bundle(place, file).plain["left"]))
