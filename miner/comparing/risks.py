"""How likely the negatives of both files are to answer after all, estimated over one index for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from miner.calibrating.calibration import Calibration
from miner.comparing.figures import mean_or_nan
from miner.comparing.sides import MergedRow, RowPair
from miner.comparing.texts import COPIES
from miner.data import PADDING, Candidates, Float64, Int64, Query
from miner.index import Index
from miner.mining.block import Block
from miner.mining.miner import POOL_QUERIES, Miner
from miner.mining.prepare import prepare
from miner.mining.recipe import Recipe
from miner.progress import Clock
from miner.vectors.dot import cosines


def estimated(
    pairs: Sequence[RowPair], index: Index, calibration: Calibration | None, clock: Clock
) -> tuple[Float64, Float64]:
    """[pairs] mean risk of the negatives of each side that the index holds, whoever chose them; NaN where it
    holds none. What either file names as relevant is known for both. Raises what mining raises.
    """
    recipe = Recipe() if calibration is None else replace(Recipe(), risk=calibration.model)
    queries = [Query(pair.query, tuple(pair.relevant.values())) for pair in pairs]
    prepared = prepare(queries, [index], recipe, None, clock)
    miner = Miner([index], recipe, clock)
    sides: tuple[list[float], list[float]] = ([], [])
    with clock.stage("estimate", len(pairs), "queries") as stage:
        for start in range(0, len(pairs), POOL_QUERIES):
            some = pairs[start : start + POOL_QUERIES]
            block = prepared.block.part(range(start, start + len(some)))
            rows = [[_rows(side, index) for side in pair.sides] for pair in some]
            risks = _risks(miner, index, block, [np.concatenate(own) for own in rows])
            for known, own in zip(risks, rows, strict=True):
                for values, mine in zip(sides, own, strict=True):
                    values.append(mean_or_nan(known[row] for row in mine.tolist() if row in known))
            clock.advance(stage, len(some))
    return np.array(sides[0], np.float64), np.array(sides[1], np.float64)


def _rows(side: MergedRow, index: Index) -> Int64:
    found = index.rows_of_texts(list(side.negatives.values()))
    return np.asarray(found[found != PADDING])


def _risks(miner: Miner, index: Index, block: Block, wanted: Sequence[Int64]) -> list[dict[int, float]]:
    """The risk of rows, for each query of a block."""
    depth = min(miner.recipe.depth, len(index))
    pool = miner.pool(block, _with(index, block, miner.finder.find(block.seen, depth), wanted))
    risk = np.ones(pool.rows.shape) if pool.risk is None else pool.risk.astype(np.float64)
    risk[np.isin(pool.match, COPIES)] = 1.0
    return [
        {row: value for row, value in zip(rows, risks, strict=True) if row != PADDING}
        for rows, risks in zip(pool.rows.tolist(), risk.tolist(), strict=True)
    ]


def _with(index: Index, block: Block, found: Candidates, wanted: Sequence[Int64]) -> Candidates:
    """The candidates with the wanted rows among them, best first."""
    lines = []
    for i, (rows, scores, more) in enumerate(zip(found.rows, found.scores, wanted, strict=True)):
        extra = np.setdiff1d(more, rows)
        every = np.concatenate([rows, extra])
        values = np.concatenate([scores, cosines(index.vectors, block.vectors[i : i + 1], extra)[0]])
        order = np.lexsort((every, -values))
        lines.append((every[order], values[order]))
    width = max(len(rows) for rows, _ in lines)
    rows = np.full((len(lines), width), PADDING, np.int64)
    scores = np.full((len(lines), width), -np.inf, np.float32)
    for i, (own, values) in enumerate(lines):
        rows[i, : len(own)], scores[i, : len(own)] = own, values
    return Candidates(rows, scores)
