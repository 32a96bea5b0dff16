"""How far an encoder of few bits agrees with the same model in fp32."""

from __future__ import annotations

from typing import Any

import numpy as np

from miner.data import Float32
from miner.encoders.base import Encoder

SAMPLE = 64
"""Texts that do for a report; in fp32 each costs as long as four in int8."""

NEAR = 0.001
"""Cosines this close count as tied."""


def reference(encoder: Encoder) -> Encoder | None:
    """The same model in fp32, for an encoder whose numbers are coarse enough to be worth a comparison."""
    if encoder.fingerprint.get("dtype") != "int8":
        return None
    exact: Encoder = encoder.full_precision()  # type: ignore[attr-defined]
    return exact


def agreement(rough: Float32, fine: Float32, k: int = 20) -> dict[str, Any]:
    """Compare two encoders' vectors [N, d] of the same N distinct texts, each in turn the query for the
    others.

    texts: how many; cosine: mean of a text's two vectors; top: mean overlap of the k nearest;
    top_near_ties: the same, a text counting as well if its exact cosine is within NEAR of the exact k-th.
    Neighbours in a sample lie further apart than in the whole corpus: overlaps come out higher than there.
    """
    k = min(k, len(rough) - 1)
    if k < 1:
        return {"texts": len(rough), "k": 0, "cosine": None, "top": None, "top_near_ties": None}
    lengths = np.linalg.norm(rough, axis=1) * np.linalg.norm(fine, axis=1)
    near_rough, near_fine = (vectors @ vectors.T for vectors in (rough, fine))
    for similarities in (near_rough, near_fine):
        np.fill_diagonal(similarities, -np.inf)
    chosen, right = (
        np.argsort(-similarities, axis=1, kind="stable")[:, :k] for similarities in (near_rough, near_fine)
    )
    last = np.take_along_axis(near_fine, right[:, -1:], axis=1)
    held = (chosen[:, :, None] == right[:, None, :]).any(axis=2)
    tied = np.take_along_axis(near_fine, chosen, axis=1) >= last - NEAR
    return {
        "texts": len(rough),
        "k": k,
        "cosine": round(float(np.mean(np.sum(rough * fine, axis=1) / lengths)), 6),
        "top": round(float(held.mean()), 4),
        "top_near_ties": round(float((held | tied).mean()), 4),
    }
