"""Negatives out of an index in place of those that a judge took out of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from miner.data import Query
from miner.encoders.load import load_encoder
from miner.index import Index
from miner.judging.mine_judged import mine_judged
from miner.judging.panel import Panel
from miner.judgments.known import KnownJudgments
from miner.mining.in_memory import mine_in_memory
from miner.mining.recipe import Recipe
from miner.progress import Clock


class Refill:
    """Mines for queries that keep some of their negatives, with the judges that took out the others."""

    def __init__(
        self,
        indexes: Sequence[Index],
        recipe: Recipe,
        panel: Panel,
        *,
        encoder: Any = None,
        clock: Clock | None = None,
    ) -> None:
        self.indexes, self.recipe, self.panel = indexes, recipe, panel
        self.encoder = None if encoder is None else load_encoder(encoder)
        self.clock = clock or Clock()

    def __call__(
        self, queries: Sequence[Query], n: int
    ) -> list[tuple[tuple[str, ...], list[dict[str, Any]]]]:
        """Texts and receipts of the negatives that bring each query to n. Raises what mining raises."""
        recipe = replace(self.recipe, n=n, depth=max(n, self.recipe.depth))
        if self.panel.judges:
            mined, _ = mine_judged(
                queries, self.indexes, recipe, self.panel, tried=True, encoder=self.encoder, clock=self.clock
            )
        else:
            known = KnownJudgments.of(self.panel.store.path) if len(self.panel.store.book) else None
            recipe = replace(recipe, judgments=known)
            mined = mine_in_memory(queries, self.indexes, recipe, self.encoder, self.clock)
        found = []
        for negatives in (row.negatives for row in mined):
            entries = [
                {"id": each.id, "source": each.source, "rank": each.rank, "similarity": each.similarity,
                 "to_relevant": each.to_relevant, "share": each.share, "risk": each.risk}
                for each in negatives
            ]  # fmt: skip
            found.append((tuple(each.text for each in negatives), entries))
        return found
