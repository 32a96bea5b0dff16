"""Results as tables of other libraries, each imported where it is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from miner.data import Negative
from miner.errors import ConfigError, MissingExtra
from miner.formats import FORMATS, Format, format_of
from miner.formats.base import Sourced, Tabular
from miner.formats.sentence_transformers import NTuple
from miner.formats.tables import table_of
from miner.mining.recipe import Recipe
from miner.progress import count_of

if TYPE_CHECKING:
    import pyarrow as pa

EVIDENCE = "evidence"
"""The table of negatives with their evidence, beside the formats that trainers take."""

_TYPES = {"text": "string", "title": "string", "id": "string", "source": "string", "rank": "int64"}
_NEGATIVE = [field.name for field in fields(Negative) if field.name != "found_by"]


class Minable(Protocol):
    """What is needed of a result."""

    @property
    def recipe(self) -> Recipe: ...

    def sourced(self) -> Iterable[Sourced]: ...


def arrow_table(result: Minable, format: str | Format) -> pa.Table:
    """A result in a format. Rows that it cannot hold are left out with a warning; raises ConfigError."""
    if format == EVIDENCE:
        return _evidence(result.sourced())
    chosen = _chosen(format, result.recipe)
    lost = 0

    def held() -> Iterator[Sourced]:
        nonlocal lost
        for sourced in result.sourced():
            if chosen.carries(sourced.row):
                yield sourced
            else:
                lost += 1

    table = table_of(chain.from_iterable(map(chosen.encode, held())), chosen.fields())
    if lost:
        warnings.warn(
            f"{count_of(lost, 'row has', 'rows have')} too few negatives for {format}, left out", stacklevel=3
        )
    return table


def _chosen(format: str | Format, recipe: Recipe) -> Any:
    """The format; an n-tuple that does not say so has as many negatives as were asked for."""
    chosen = format_of(format) if isinstance(format, str) else format
    if isinstance(chosen, NTuple) and isinstance(format, str) and "negatives" not in format:
        chosen = replace(chosen, negatives=recipe.n)
    if not isinstance(chosen, Tabular):
        tables = ", ".join(name for name, each in FORMATS.items() if issubclass(each, Tabular))
        raise ConfigError(f"format {format!r} is no table; expected {EVIDENCE}, {tables}")
    return chosen


def _evidence(rows: Iterable[Sourced]) -> pa.Table:
    import pyarrow as pa

    schema = [("row", pa.int64()), ("query", pa.string()), ("negative", pa.string())]
    names = [name for name in _NEGATIVE if name != "text"]
    schema += [(name, pa.type_for_alias(_TYPES.get(name, "float64"))) for name in names]

    def lines() -> Iterator[dict[str, Any]]:
        for number, each in enumerate(rows):
            receipts = each.receipt["negatives"] if each.receipt else ()
            for text, receipt in zip(each.row.hard_negatives, receipts, strict=True):
                evidence = {name: receipt.get(name) for name in names}
                yield {"row": number, "query": each.row.query, "negative": text, **evidence}

    return pa.Table.from_pylist(list(lines()), pa.schema(schema))


def frame(table: pa.Table) -> Any:
    """A pandas DataFrame. Raises MissingExtra without pandas."""
    try:
        import pandas  # noqa: F401
    except ImportError:
        raise MissingExtra("a DataFrame", "pandas") from None
    return table.to_pandas()


def dataset(table: pa.Table) -> Any:
    """A Dataset. Raises MissingExtra without datasets."""
    try:
        import datasets
    except ImportError:
        raise MissingExtra("a Dataset", "train") from None
    return datasets.Dataset(datasets.table.InMemoryTable(table))
