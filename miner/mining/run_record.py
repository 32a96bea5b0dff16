"""The record of a run: what was asked for, with what, on what, and what came of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from miner.index import Index
from miner.mining.counts import MiningCounts
from miner.mining.examples import shown
from miner.mining.recipe import Recipe
from miner.progress import Clock, peak_memory
from miner.text.near_copies import NearCopies
from miner.version import __version__

PACKAGES = ("numpy", "faiss-cpu", "sentence-transformers", "transformers", "torch", "openvino")


@dataclass(frozen=True)
class RunInfo:
    """What a mining run was and how it went."""

    recipe: Recipe
    indexes: Sequence[Index]
    tally: MiningCounts
    clock: Clock
    recall: Mapping[str, float] = field(default_factory=dict)
    """Of each index that was searched approximately the measured share of the exact nearest, by path."""

    def record(self, outputs: Mapping[str, str], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What FILE.run.json holds: arguments, versions, fingerprints, counts, stages, outputs' checksums.

        Among the arguments, 'read' is what was understood and passed over in the input; it has its own place.
        """
        given = dict(arguments)
        read = given.pop("read", None)
        return {
            "miner": __version__,
            "command": "mine",
            "arguments": given,
            **({"read": read} if read else {}),
            "recipe": {
                "n": self.recipe.n,
                "copies": repr(self.recipe.copies),
                "filters": [repr(each) for each in self.recipe.filters],
                "select": repr(self.recipe.select),
                "depth": self.recipe.depth,
                "emit": self.recipe.emit,
                "search": self.recipe.search.method,
            },
            "recall": dict(self.recall),
            "seed": self.recipe.seed,
            "versions": _versions(),
            "index": self.indexes[0].describe(),
            "further_indexes": [index.describe() for index in self.indexes[1:]],
            "counts": self.tally.record(),
            "near_copies": self._near_copies(),
            "stages": self.clock.record(),
            "peak_memory_bytes": peak_memory(),
            "outputs": dict(outputs),
        }

    def _near_copies(self) -> list[dict[str, Any]]:
        """A few of the candidates that were dropped as near copies."""
        index, recipe = self.indexes[0], self.recipe
        near = NearCopies(recipe.copies, index.frequencies)
        return shown(self.tally.copies, index, recipe.emit, near) if self.tally.copies else []


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
