"""Counts over what was mined. Those of blocks of queries add up to those of all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field, fields
from typing import Any

from miner.data import FIRST_REJECTION, KEPT, PADDED
from miner.filters import GUARDS
from miner.mining.examples import NearCopy, fewest
from miner.mining.pick import Pick
from miner.mining.recipe import Recipe
from miner.text.copies import Copies


@dataclass(slots=True)
class MiningCounts:
    """`verdicts` over all candidates: 'kept', 'padding' and one entry for each filter that rejected; `short`
    the same over the candidates of the rows that stayed short. kept + padding + rejected = candidates.
    """

    rows: int = 0
    negatives: int = 0
    given: int = 0
    short_rows: int = 0
    fillable: int = 0
    """Short rows that a higher cap on the risk would fill."""
    cap: float = 0.0
    """The lowest cap that fills all of these."""
    verdicts: Counter[str] = field(default_factory=Counter)
    short: Counter[str] = field(default_factory=Counter)
    copies: list[NearCopy] = field(default_factory=list)
    """A few candidates that were dropped as near copies."""

    @classmethod
    def over(cls, picks: Iterable[Pick], given: Iterable[int], recipe: Recipe) -> MiningCounts:
        """The counts of some rows: what was picked for each, and how many negatives it came with."""
        counts = cls()
        for pick, count in zip(picks, given, strict=True):
            counts.count(pick, count, recipe)
        return counts

    def count(self, pick: Pick, given: int, recipe: Recipe) -> None:
        """Count one row: what was picked for it, and the negatives it came with."""
        short = given + len(pick.rows) < recipe.n
        self.rows += 1
        self.negatives += given + len(pick.rows)
        self.given += given
        self.short_rows += short
        for code, count in enumerate(pick.verdicts.tolist()):
            if count:
                name = verdict_name(code, recipe)
                self.verdicts[name] += count
                if short and code >= FIRST_REJECTION:
                    self.short[name] += count
        if not math.isnan(pick.cap):
            self.fillable += 1
            self.cap = max(self.cap, pick.cap)

    def add(self, other: MiningCounts) -> None:
        for name in ("rows", "negatives", "given", "short_rows", "fillable"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.cap = max(self.cap, other.cap)
        self.verdicts.update(other.verdicts)
        self.short.update(other.short)
        self.example(other.copies)

    def example(self, copies: Iterable[NearCopy]) -> None:
        """Keep a few of the near copies that were dropped."""
        self.copies = fewest([*self.copies, *copies])

    def record(self) -> dict[str, Any]:
        """What a run record says."""
        rejected = {k: v for k, v in self.verdicts.items() if k not in ("kept", "padding")}
        return {
            "rows": self.rows,
            "negatives": self.negatives,
            "given_negatives": self.given,
            "short_rows": self.short_rows,
            "candidates": sum(self.verdicts.values()),
            "kept": self.verdicts.get("kept", 0),
            "padding": self.verdicts.get("padding", 0),
            "rejected": rejected,
            "rejected_as_same": sum(rejected.get(repr(guard), 0) for guard in GUARDS),
            "rejected_as_near_copies": sum(
                n for name, n in rejected.items() if name.startswith(f"{Copies.name}(")
            ),
            "short_rows_rejected": dict(self.short),
            "short_rows_filled_by_cap": {
                "rows": self.fillable,
                "max_risk": round(self.cap, 6) if self.fillable else None,
            },
        }

    def plain(self) -> dict[str, Any]:
        """As JSON-able values, for `read`."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        counters = {name: dict(named[name]) for name in ("verdicts", "short")}
        return {**named, **counters, "copies": [astuple(each) for each in self.copies]}

    @classmethod
    def read(cls, value: dict[str, Any]) -> MiningCounts:
        counters = {name: Counter(value[name]) for name in ("verdicts", "short")}
        return cls(**{**value, **counters, "copies": [NearCopy.read(each) for each in value["copies"]]})


def verdict_name(code: int, recipe: Recipe) -> str:
    """'kept', 'padding', or the spelling of the filter that rejected."""
    return {KEPT: "kept", PADDED: "padding"}.get(code) or repr(recipe.judges[code - FIRST_REJECTION])
