"""What was chosen for one query, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from miner.data import OF_RELEVANT, TEACHER, Float32, Int64, Pool, UInt8


@dataclass(frozen=True, slots=True)
class Pick:
    """k <= n passages, best first, how the relevant passages scored, and what became of all candidates."""

    rows: Int64
    ranks: Int64
    scores: Float32
    nearest: Float32
    shares: Float32
    risks: Float32 | None
    teacher: Float32 | None
    relevant_scores: Float32
    relevant_teacher: Float32 | None
    found: Int64 | None
    """[indexes, k] ranks in each index, 0 where it did not find the passage."""
    verdicts: Int64
    """[judges + 2] how many candidates got each verdict; together, how deep the search went."""
    cap: float
    """The lowest cap on the risk that would fill a short row; NaN where none would, or it is not short."""

    @property
    def depth(self) -> int:
        """How many candidates were looked at."""
        return int(self.verdicts.sum())

    @classmethod
    def of(cls, pool: Pool, query: int, columns: Int64, verdicts: UInt8, judges: int, cap: float) -> Pick:
        """The pick of these columns [k] of a pool, by verdicts uint8 [Q, K] of so many judges."""
        mine = slice(int(pool.offsets[query]), int(pool.offsets[query + 1]))
        best = pool.relevant_scores[mine].max()
        teacher = pool.evidence.get(TEACHER)
        return cls(
            rows=pool.rows[query, columns],
            ranks=columns + 1,
            scores=pool.scores[query, columns],
            nearest=pool.to_relevant[mine][:, columns].max(axis=0),
            shares=pool.scores[query, columns] / (best if best > 0 else np.float32(np.nan)),
            risks=None if pool.risk is None else pool.risk[query, columns],
            teacher=None if teacher is None else teacher[query, columns],
            relevant_scores=pool.relevant_scores[mine],
            relevant_teacher=None if teacher is None else pool.evidence[OF_RELEVANT][mine],
            found=None if pool.ranks is None else pool.ranks[:, query, columns],
            verdicts=np.bincount(verdicts[query], minlength=judges + 2).astype(np.int64),
            cap=cap,
        )
