"""Rows of an anchor and a positive, as sentence-transformers trains on them, as queries and passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from miner.corpus.objects import passages_in, records_in
from miner.data import Passage, Query
from miner.errors import ConfigError, InputError


class Pairs:
    """The rows of a data set: an anchor and a positive each."""

    def __init__(self, data: Any, anchor: str | None, positive: str | None) -> None:
        rows = list(records_in(data, "dataset"))
        if not rows:
            raise InputError("dataset", None, "holds no rows")
        names = list(rows[0])
        self.anchor = _column(anchor, "anchor_column_name", names, 0)
        self.positive = _column(positive, "positive_column_name", names, 1)
        found: dict[str, dict[str, None]] = {}
        for number, row in enumerate(rows, 1):
            texts = [_text(row, name, number) for name in (self.anchor, self.positive)]
            found.setdefault(texts[0], {})[texts[1]] = None
        self.queries = [Query(query, tuple(positives), place="dataset") for query, positives in found.items()]

    @property
    def most(self) -> int:
        """Positives of the query that has most."""
        return max(len(query.relevant_passages) for query in self.queries)

    def passages(self, corpus: Sequence[str] | None) -> list[Passage]:
        """The corpus and all positives, each text once."""
        positives = (text for query in self.queries for text in query.relevant_passages)
        texts = dict.fromkeys([*(each.text for each in passages_in(corpus or [])), *positives])
        return [Passage(str(i), text) for i, text in enumerate(texts)]


def _column(name: str | None, option: str, names: Sequence[str], place: int) -> str:
    if name is not None and name not in names:
        raise ConfigError(f"{option} is {name!r}; found {', '.join(names)}")
    if name is None and len(names) <= place:
        raise ConfigError(
            f"the dataset has the columns {', '.join(names)}; expected an anchor and a positive"
        )
    return names[place] if name is None else name


def _text(row: Mapping[str, Any], name: str, number: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(
            "dataset",
            number,
            f"{name!r} is {'blank' if isinstance(value, str) else repr(value)}; expected text",
        )
    return value
