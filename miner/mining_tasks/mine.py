"""`mine`: in this process, or by an executor's workers that share files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, overload

from miner.corpus.queries import Queries
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.encoders.vectors import GivenVectors
from miner.errors import ConfigError
from miner.executors import Executor, Serial, opened
from miner.index import Index
from miner.mining.garbage import gc_frozen
from miner.mining.given import indexes_of, queries_of, recipe_with, score_cache
from miner.mining.helpers import helped
from miner.mining.in_memory import mine_in_memory
from miner.mining.recipe import Recipe
from miner.mining.result import MiningResult
from miner.mining_tasks.run import mine_files
from miner.progress import Clock, clock_of
from miner.storage.paths import as_path


@overload
def mine(
    queries: Any,
    index: Any,
    recipe: Recipe | None = None,
    *,
    output: None = None,
    encoder: Any = None,
    vectors: Any = None,
    columns: Mapping[str, str] | None = None,
    executor: Serial | None = None,
    progress: bool = True,
    clock: Clock | None = None,
    **fields: Any,
) -> MiningResult: ...


@overload
def mine(
    queries: Any,
    index: Any,
    recipe: Recipe | None = None,
    *,
    output: str | Path,
    encoder: Any = None,
    vectors: Any = None,
    columns: Mapping[str, str] | None = None,
    executor: Executor | None = None,
    arguments: Mapping[str, Any] | None = None,
    progress: bool = True,
    clock: Clock | None = None,
    **fields: Any,
) -> dict[str, Any]: ...


@gc_frozen()
def mine(
    queries: Any,
    index: Any,
    recipe: Recipe | None = None,
    *,
    output: str | Path | None = None,
    encoder: Any = None,
    vectors: Any = None,
    columns: Mapping[str, str] | None = None,
    executor: Executor | None = None,
    arguments: Mapping[str, Any] | None = None,
    progress: bool = True,
    clock: Clock | None = None,
    **fields: Any,
) -> MiningResult | dict[str, Any]:
    """Mine hard negatives for every query, in order.

    Queries are a path that read_queries takes, what it gives, dicts, pairs, a Dataset, a frame of pandas or polars,
    an Arrow table; `columns` names theirs where miner does not know the names. The index is an Index or its path;
    several over the same corpus are searched as one: ranks are fused, similarities are those of the first. The
    recipe's `fields` can be given one by one, as n=3, max_risk=0.02, filters='margin(relative=0.05)'. The result is
    the same, bit for bit, for any block size, thread count, shard size or number of workers.

    Without an encoder (of the first index) those that the indexes name are loaded; it may be anything that
    load_encoder takes. `vectors` are those of the queries, a row each, where they were made before.

    With an `output` its rows are written, receipts and run record beside them, and the record is returned (with
    `arguments` in it, for whoever reads it later). Of many queries the candidates are compared by the machine's other
    processors too, in processes of their own; Serial() is this process alone. Another `executor` works by files, and
    so needs an output. Progress is shown in terminals and notebooks.

    Raises IndexMismatch if the encoder is not the index's or the corpora differ, ConfigError for a relevant
    id that the index does not hold, a recipe that the executor cannot work by, and data of another kind, InputError
    for a row that is no query, OutputError, and by an executor WorkLost, and Locked if the same output is being made.
    """
    clock, indexes = clock_of(clock, progress), indexes_of(index)
    path = None if output is None else as_path(output, "the output")
    if fields.get("teacher") is not None:
        fields["teacher"] = score_cache(fields["teacher"], indexes[0])
    recipe = recipe_with(recipe, fields)
    asked = queries_of(queries, columns)
    given = _encoder(asked, indexes[0], encoder, vectors)
    alone, executor = executor is not None, opened(executor)
    if isinstance(executor, Serial):
        with nullcontext() if alone else helped() as helpers:
            result = mine_in_memory(asked, indexes, recipe, given, clock, helpers)
        return result if path is None else result.write(path, arguments)
    if path is None:
        raise ConfigError(f"the workers of {executor!r} share files; name an output for mine()")
    if given is not None:
        raise ConfigError(f"the workers of {executor!r} load the encoders that the indexes name; give none")
    return mine_files(asked, indexes, recipe, path, executor, arguments=arguments, clock=clock)


def _encoder(asked: Queries, index: Index, encoder: Any, vectors: Any) -> Encoder | None:
    """What encodes the queries, if it is not what the index names."""
    own = None if encoder is None else load_encoder(encoder)
    if vectors is None:
        return own
    given = GivenVectors(vectors, own, fingerprint=index.fingerprint)
    for _ in given.claim(asked.rows or [query.text for query in asked], str):
        continue
    if given.dim != index.dim:
        raise ConfigError(
            f"the queries' vectors have {given.dim} numbers, the index's {index.dim}; expected the same"
        )
    return given
