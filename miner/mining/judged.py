"""What was judged before, brought to the candidates of a pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from miner.data import Float64, Passage, Pool, UInt8
from miner.index import Index
from miner.judgments.known import KnownJudgments, Standing, WeighedVerdict
from miner.judgments.record import key_of
from miner.mining.block import Block
from miner.risk import logit, probability
from miner.risk.model import DECIMALS


def weigh(pool: Pool, block: Block, index: Index, known: KnownJudgments) -> Pool:
    """The pool with how its candidates stand, and with risks that verdicts were weighed into (Bayes)."""
    judged, factors = np.zeros(pool.rows.shape, np.uint8), np.ones(pool.rows.shape)
    for i, text in enumerate(block.texts):
        if known.book.knows(text):
            _mark(judged[i], factors[i], pool, i, index, KnownOfQuery(known, text))
    risk = pool.risk
    if risk is not None:
        moved = np.round(probability(logit(risk) + np.log(factors)), DECIMALS).astype(np.float32)
        risk = np.where(factors == 1.0, risk, moved)
        risk = np.where(judged == Standing.VERIFIED, np.float32(0), risk)
    return replace(pool, judged=judged, risk=risk)


class KnownOfQuery:
    """What is known of the passages of one query, by their texts or ids."""

    def __init__(self, known: KnownJudgments, query: str) -> None:
        self.by_text: Mapping[bytes, WeighedVerdict] = known.about(query)
        self.by_id: Mapping[str, WeighedVerdict] = known.by_id(query)

    def of(self, passage: Passage) -> WeighedVerdict | None:
        """By its text, with or without its title, or by its id."""
        texts = dict.fromkeys((passage.text, passage.encoded))
        found = (self.by_text.get(key_of(text)) for text in texts)
        return next((each for each in found if each), None) or self.by_id.get(passage.id)


def _mark(judged: UInt8, factors: Float64, pool: Pool, query: int, index: Index, known: KnownOfQuery) -> None:
    columns = np.flatnonzero(pool.valid[query])
    for column, passage in zip(columns, index.passages(pool.rows[query, columns]), strict=True):
        found = known.of(passage)
        if found is not None:
            judged[column], factors[column] = found.standing, found.factor
