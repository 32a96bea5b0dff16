"""What was judged before, brought to the candidates of a pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from miner.data import Passage, Pool
from miner.index import Index
from miner.judgments.known import KnownJudgments, Standing, WeighedVerdict
from miner.judgments.record import key_of
from miner.mining.block import Block
from miner.risk import logit, probability
from miner.risk.model import DECIMALS


def weigh(pool: Pool, block: Block, index: Index, known: KnownJudgments) -> Pool:
    """The pool with how its candidates stand, and with risks that verdicts were weighed into (Bayes)."""
    judged, factors = np.zeros(pool.rows.shape, np.uint8), np.ones(pool.rows.shape)
    said = [i for i, text in enumerate(block.texts) if known.book.knows(text)]
    rows = np.unique(pool.rows[said][pool.valid[said]])
    named = dict(zip(rows.tolist(), map(PassageNames.of, index.passages(rows)), strict=True))
    for i in said:
        about, columns = KnownOfQuery(known, block.texts[i]), np.flatnonzero(pool.valid[i])
        for column, row in zip(columns, pool.rows[i, columns].tolist(), strict=True):
            if (found := about.of(named[row])) is not None:
                judged[i, column], factors[i, column] = found.standing, found.factor
    risk = pool.risk
    if risk is not None:
        moved = np.round(probability(logit(risk) + np.log(factors)), DECIMALS).astype(np.float32)
        risk = np.where(factors == 1.0, risk, moved)
        risk = np.where(judged == Standing.VERIFIED, np.float32(0), risk)
    return replace(pool, judged=judged, risk=risk)


@dataclass(frozen=True, slots=True)
class PassageNames:
    """What a judgment may know a passage by: its text, with or without its title, or its id."""

    texts: tuple[bytes, ...]
    id: str

    @classmethod
    def of(cls, passage: Passage) -> PassageNames:
        return cls(tuple(map(key_of, dict.fromkeys((passage.text, passage.encoded)))), passage.id)


class KnownOfQuery:
    """What is known of the passages of one query, by their texts or ids."""

    def __init__(self, known: KnownJudgments, query: str) -> None:
        self.by_text: Mapping[bytes, WeighedVerdict] = known.about(query)
        self.by_id: Mapping[str, WeighedVerdict] = known.by_id(query)

    def of(self, passage: PassageNames) -> WeighedVerdict | None:
        """Its text goes before its id."""
        found = map(self.by_text.get, passage.texts)
        return next((each for each in found if each), None) or self.by_id.get(passage.id)
