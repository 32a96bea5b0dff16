"""`mine`: in this process, or by an executor's workers that share files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from miner.data import Query
from miner.encoders import Encoder
from miner.errors import ConfigError
from miner.executors import Executor, Serial
from miner.index import Index
from miner.mining.garbage import gc_frozen
from miner.mining.miner import mine_in_memory
from miner.mining.prepare import as_queries
from miner.mining.recipe import Recipe
from miner.mining.result import MiningResult
from miner.mining_tasks.run import mine_files
from miner.progress import Clock

Queries = Sequence[Query] | Sequence[Mapping[str, Any]]


@overload
def mine(
    queries: Queries,
    index: Index | Sequence[Index],
    recipe: Recipe | None = None,
    *,
    encoder: Encoder | None = None,
    clock: Clock | None = None,
) -> MiningResult: ...


@overload
def mine(
    queries: Queries,
    index: Index | Sequence[Index],
    recipe: Recipe | None = None,
    *,
    output: str | Path,
    encoder: Encoder | None = None,
    executor: Executor | None = None,
    arguments: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> dict[str, Any]: ...


@gc_frozen()
def mine(
    queries: Queries,
    index: Index | Sequence[Index],
    recipe: Recipe | None = None,
    *,
    output: str | Path | None = None,
    encoder: Encoder | None = None,
    executor: Executor | None = None,
    arguments: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> MiningResult | dict[str, Any]:
    """Mine hard negatives for every query, in order.

    Queries are what read_queries gives, or mappings with the keys of a JSONL line. Several indexes over the
    same corpus are searched as one: ranks are fused, similarities are those of the first. The result is the
    same, bit for bit, for any block size, thread count, shard size or number of workers. Without an encoder (of
    the first index) those that the indexes name are loaded.

    With an `output` its rows are written, receipts and run record beside them, and the record is returned (with
    `arguments` in it, for whoever reads it later). An `executor` other than this process works by files, and so
    needs an output.

    Raises IndexMismatch if the encoder is not the index's or the corpora differ, ConfigError for a relevant
    id that the index does not hold or a recipe that the executor cannot work by, InputError for a mapping that
    is no query, OutputError, and by an executor WorkLost, and Locked if the same output is being made.
    """
    recipe, clock = recipe or Recipe(), clock or Clock()
    asked = as_queries(queries)
    indexes = (index,) if isinstance(index, Index) else tuple(index)
    if executor is None or isinstance(executor, Serial):
        result = mine_in_memory(asked, indexes, recipe, encoder, clock)
        return result if output is None else result.write(output, arguments)
    if output is None:
        raise ConfigError(f"the workers of {executor!r} share files; name an output for mine()")
    if encoder is not None:
        raise ConfigError(f"the workers of {executor!r} load the encoders that the indexes name; give none")
    return mine_files(asked, indexes, recipe, Path(output), executor, arguments=arguments, clock=clock)
