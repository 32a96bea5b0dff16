"""For one query: every candidate in order, with its scores, its risk and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from miner.corpus.objects import queries_in
from miner.encoders.load import load_encoder
from miner.index import Index
from miner.mining.counts import verdict_name
from miner.mining.fitting import fitted
from miner.mining.given import indexes_of, queries_of, recipe_with
from miner.mining.miner import Miner
from miner.mining.prepare import Prepared, prepare
from miner.mining.recipe import Recipe
from miner.mining.relevant import EMIT
from miner.progress import Clock
from miner.text.copies import CopyVerdict
from miner.text.near_copies import NearCopies

CHOSEN, KEPT_NAME = "chosen", "kept"


@dataclass(frozen=True, slots=True)
class Explained:
    """One candidate. `verdict` is 'chosen', 'kept' (good enough, but others were preferred) or the filter that
    rejected it first, a guard's or copies(...) where it is the same as a relevant passage or a near copy; `parts` are
    what the risk is made of, in log odds."""

    rank: int
    id: str
    title: str
    text: str
    similarity: float
    to_relevant: float
    risk: float | None
    parts: Mapping[str, float]
    risks: tuple[float, ...]
    """By what each index sees, where there are several: `risk` is their mean in log odds, `parts` are means."""
    verdict: str
    cover: float
    """Share of the weight of a relevant passage that stands in the candidate, of that which it covers most."""
    differs: tuple[str, ...]
    """What makes it no copy of that passage though it covers so much: 'A' for 'B'."""

    @property
    def rejected(self) -> bool:
        """Whether a filter dropped it."""
        return self.verdict not in (CHOSEN, KEPT_NAME)


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
    query: Any,
    index: Any,
    recipe: Recipe | None = None,
    *,
    among: Any = None,
    encoder: Any = None,
    clock: Clock | None = None,
    **fields: Any,
) -> Explanation:
    """Explain what mining does with the `recipe.depth` nearest candidates of one query.

    The query is a Query, a dict or a pair with what answers it; one index or several, recipe, its fields and the
    encoder are as for mine. A selector that is fitted to the queries of a run, as priced(), is fitted to those that
    it is mined `among`, given as for mine, or to this one. Raises what `mine` raises.
    """
    recipe, opened, (asked, *_) = recipe_with(recipe, fields), indexes_of(index), queries_in([query])
    given = None if encoder is None else load_encoder(encoder)
    recipe = fitted(recipe, [asked] if among is None else queries_of(among), opened, given, clock)
    prepared = prepare([asked], opened, recipe, given, clock)
    return explain_again(prepared, opened, recipe, min(recipe.depth, len(opened[0])))


def explain_again(prepared: Prepared, indexes: Sequence[Index], recipe: Recipe, depth: int) -> Explanation:
    """As `explain`, for one query that is prepared, and its `depth` nearest candidates."""
    miner = Miner(indexes, recipe)
    found = miner.finder.find(prepared.block.seen, depth, exactly=depth > recipe.depth)
    pool = miner.pool(prepared.block, found)
    verdicts, selection = miner.choose(pool, prepared.block)
    chosen = set(selection.columns[0].tolist())
    passages = indexes[0].passages(pool.rows[0][pool.valid[0]])
    parts = miner.builder.parts(pool, prepared.block)
    risks = miner.builder.risks(pool, prepared.block) if len(indexes) > 1 else []
    near = miner.builder.near
    beside = [closest(near, EMIT[recipe.emit](passage), prepared.relevant.texts) for passage in passages]
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
            risks=tuple(_number(each[0, column]) for each in risks),
            verdict=CHOSEN if column in chosen else verdict_name(int(verdicts[0, column]), recipe),
            cover=round(copy.cover, 3),
            differs=tuple(map(str, copy.contrasts)),
        )
        for column, (passage, copy) in enumerate(zip(passages, beside, strict=True))
    )
    known = tuple((id, text, _number(score)) for id, text, score in relevant)
    return Explanation(prepared.block.texts[0], known, candidates)


def closest(near: NearCopies, text: str, relevant: Sequence[str]) -> CopyVerdict:
    """How a text stands to the relevant passage that it covers most."""
    return max((near.judge(text, known) for known in relevant), key=lambda found: (found.copy, found.cover))


def _number(value: Any) -> float:
    return round(float(value), 6)
