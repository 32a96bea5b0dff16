from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from miner.data import PADDING, Half, Passage
from miner.encoders import HashingEncoder
from miner.errors import ConfigError
from miner.index import Index, build_index
from miner.search.search import Search
from miner.search.whole_index import open_approximate
from miner.vectors.recall import recall


@pytest.fixture(scope="module")
def index(
    tmp_path_factory: pytest.TempPathFactory, passages: list[Passage], encoder: HashingEncoder
) -> Index:
    return build_index(passages, tmp_path_factory.mktemp("index") / "help", encoder, shard_size=50)


@pytest.fixture(scope="module")
def vectors(index: Index, encoder: HashingEncoder) -> Half:
    texts = [f"how do I {action} my {thing}" for action in ("pause", "renew") for thing in ("plan", "payout")]
    return index.embed_queries(texts, encoder)


@pytest.mark.parametrize("method", ["hnsw", "ivf"])
def test_candidates_carry_exact_scores_in_exact_order(index: Index, vectors: Half, method: str) -> None:
    found = open_approximate(index, method).search(vectors, 30)
    for query, rows, scores in zip(vectors, found.rows, found.scores, strict=True):
        rows, scores = rows[rows != PADDING], scores[rows != PADDING]
        exact = index.vectors(rows).astype(np.float64) @ query.astype(np.float64)
        assert scores.tolist() == exact.astype(np.float32).tolist()
        assert rows.tolist() == rows[np.lexsort((rows, -exact))].tolist()
        assert len(set(rows.tolist())) == len(rows) >= 20


@pytest.mark.parametrize("method", ["hnsw", "ivf"])
def test_recall_is_measured_against_exact_search(index: Index, vectors: Half, method: str) -> None:
    approximate = open_approximate(index, method)
    exact, found = index.search(vectors, 10).rows, approximate.search(vectors, 10).rows
    expected = np.mean([np.isin(a, b).mean() for a, b in zip(exact, found, strict=True)])
    assert recall(exact, found) == pytest.approx(expected, abs=1e-4)
    assert expected > 0.8


def test_asking_for_everything_pads_behind(index: Index, vectors: Half) -> None:
    found = open_approximate(index, "hnsw").search(vectors, 300)
    assert found.rows.shape == (4, 300)
    assert (found.rows[:, 192:] == PADDING).all()
    assert np.isneginf(found.scores[:, 192:]).all()


def test_it_is_built_once_and_again_when_damaged(index: Index, vectors: Half) -> None:
    first = open_approximate(index, "hnsw").search(vectors, 10).rows
    (path,) = (index.path / "ann").glob("hnsw-*")
    stamp = path.stat().st_mtime_ns
    open_approximate(index, "hnsw")
    assert path.stat().st_mtime_ns == stamp
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    np.testing.assert_array_equal(open_approximate(index, "hnsw").search(vectors, 10).rows, first)


def test_it_never_answers_for_other_vectors(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    open_approximate(build_index(passages, tmp_path / "i", encoder), "ivf")
    (old,) = (tmp_path / "i" / "ann").iterdir()
    changed = build_index(passages[5:], tmp_path / "i", encoder, existing="update")
    assert not old.exists()
    open_approximate(changed, "ivf")
    assert [path.name for path in (tmp_path / "i" / "ann").iterdir()] != [old.name]


def test_an_unknown_method() -> None:
    with pytest.raises(ConfigError, match="unknown search method 'annoy'"):
        Search("annoy")
