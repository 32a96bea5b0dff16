"""An index of a coarse encoder says how far that encoder agrees with fp32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miner.cli.build_index import summary
from miner.data import Float32, Passage
from miner.encoders import HashingEncoder
from miner.index import build_index, open_index
from miner.progress import Clock

EXACT = HashingEncoder.encode_passages


def _rounded(texts: Sequence[str]) -> Float32:
    rough = np.round(EXACT(HashingEncoder(), texts), 1) + np.float32(1e-6)
    unit: Float32 = rough / np.linalg.norm(rough, axis=1, keepdims=True)
    return unit


class Coarse(HashingEncoder):
    """Vectors of one digit."""

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        return {**super().fingerprint, "dtype": "int8"}

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return _rounded(texts)

    def full_precision(self) -> HashingEncoder:
        return HashingEncoder(self.dim)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINER_CACHE", str(tmp_path / "cache"))


def test_what_fp32_made_of_a_text_is_kept_for_other_indexes(
    tmp_path: Path, passages: list[Passage], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_index(passages, tmp_path / "a", Coarse())
    monkeypatch.setattr(HashingEncoder, "encode_passages", pytest.fail)
    assert build_index(passages, tmp_path / "b", Coarse()).manifest == first.manifest


def test_agreement_is_measured_recorded_and_shown(tmp_path: Path, passages: list[Passage]) -> None:
    index = build_index(passages, tmp_path / "i", Coarse(), clock=(clock := Clock()))
    same = open_index(tmp_path / "i").manifest.agreement
    assert (same["texts"], same["k"]) == (64, 20)
    assert 0.5 < same["top"] <= same["top_near_ties"] < 1
    assert 0.8 < same["cosine"] < 1
    assert f"cosine {same['cosine']:.4f}" in summary(index, clock)
    assert index.describe()["agreement"] == same


def test_an_updated_index_agrees_as_a_fresh_one_does(tmp_path: Path, passages: list[Passage]) -> None:
    build_index(passages[:150], tmp_path / "a", Coarse())
    updated = build_index(passages, tmp_path / "a", Coarse(), existing="update")
    assert updated.manifest == build_index(passages, tmp_path / "b", Coarse()).manifest


@pytest.mark.parametrize("count", [1, 2])
def test_a_corpus_of_hardly_anything(tmp_path: Path, passages: list[Passage], count: int) -> None:
    same = build_index(passages[:count], tmp_path / "i", Coarse()).manifest.agreement
    assert (same["texts"], same["k"]) == (count, count - 1)


def test_exact_encoders_are_not_compared(tmp_path: Path, passages: list[Passage]) -> None:
    assert build_index(passages[:5], tmp_path / "i", HashingEncoder()).manifest.agreement == {}
