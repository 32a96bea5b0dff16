"""For one query: every candidate in order, with its scores, its risk and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from miner.data import Query
from miner.encoders import Encoder
from miner.index import Index
from miner.mining.counts import verdict_name
from miner.mining.miner import Miner
from miner.mining.prepare import prepare
from miner.mining.recipe import Recipe

CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Explained:
    """One candidate. `verdict` is 'chosen', 'kept' (good enough, but others were preferred) or the filter that
    rejected it first; `parts` are what the risk is made of, in log odds."""

    rank: int
    id: str
    title: str
    text: str
    similarity: float
    to_relevant: float
    risk: float | None
    parts: Mapping[str, float]
    verdict: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A query, its relevant passages with their similarity to it, and its candidates, best first."""

    query: str
    relevant: tuple[tuple[str | None, str, float], ...]
    candidates: tuple[Explained, ...]

    def record(self) -> dict[str, Any]:
        """The explanation as JSON-able values."""
        relevant = [{"id": id, "text": text, "similarity": score} for id, text, score in self.relevant]
        return {
            "query": self.query,
            "relevant": relevant,
            "candidates": [asdict(each) for each in self.candidates],
        }


def explain(
    query: Query, index: Index, recipe: Recipe | None = None, *, encoder: Encoder | None = None
) -> Explanation:
    """Explain what mining does with the `recipe.depth` nearest candidates of one query.

    Raises what `mine` raises.
    """
    recipe = recipe or Recipe()
    prepared, miner = prepare([query], [index], recipe, encoder), Miner([index], recipe)
    pool = miner.pool(prepared.block, miner.finder.find(prepared.block.seen, min(recipe.depth, len(index))))
    verdicts, selection = miner.choose(pool, prepared.block)
    chosen = set(selection.columns[0].tolist())
    passages = index.passages(pool.rows[0][pool.valid[0]])
    parts = miner.scorers[0].parts(pool) if miner.scorers else {}
    relevant = zip(prepared.relevant.ids, prepared.relevant.texts, pool.relevant_scores.tolist(), strict=True)
    candidates = tuple(
        Explained(
            rank=column + 1,
            id=passage.id,
            title=passage.title,
            text=passage.text,
            similarity=_number(pool.scores[0, column]),
            to_relevant=_number(pool.nearest[0, column]),
            risk=None if pool.risk is None else _number(pool.risk[0, column]),
            parts={name: round(float(values[0, column]), 3) for name, values in parts.items()},
            verdict=CHOSEN if column in chosen else verdict_name(int(verdicts[0, column]), recipe),
        )
        for column, passage in enumerate(passages)
    )
    return Explanation(
        query.text, tuple((id, text, _number(score)) for id, text, score in relevant), candidates
    )


def _number(value: Any) -> float:
    return round(float(value), 6)
