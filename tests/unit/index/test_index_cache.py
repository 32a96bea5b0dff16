from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.index import Index, build_index, open_index
from miner.index import vector_cache as cache
from miner.storage.files import sha256
from tests.support.indexing import Counting


@pytest.fixture
def index(tmp_path: Path, passages: list[Passage], encoder: HashingEncoder) -> Index:
    return build_index(passages[:20], tmp_path / "i", encoder)


@pytest.fixture
def counting(encoder: HashingEncoder) -> Counting:
    return Counting(encoder)


def files(index: Index) -> list[Path]:
    return sorted((index.path / "cache").iterdir())


def test_each_text_is_encoded_once(index: Index, counting: Counting) -> None:
    texts = ["b", "a", "b", "", "caf\ud800", "a"]
    first = index.embed_queries(texts, counting)
    assert counting.texts == ["b", "a", "", "caf\ud800"]
    np.testing.assert_array_equal(first, counting.inner.encode_queries(texts).astype(np.float16))
    again = open_index(index.path).embed_queries(["c", *texts[::-1]], counting)
    assert counting.texts[4:] == ["c"]
    np.testing.assert_array_equal(again[1:], first[::-1])
    assert len(files(index)) == 1


def test_queries_and_passages_are_kept_apart(index: Index, counting: Counting) -> None:
    index.embed_queries(["a"], counting)
    index.embed_passages(["a"], counting)
    assert counting.texts == ["a", "a"]
    assert [path.name.partition("-")[0] for path in files(index)] == ["passages", "queries"]


@pytest.mark.parametrize("caching", [True, False])
def test_no_encoder_is_asked_for_nothing(index: Index, counting: Counting, caching: bool) -> None:
    index.caching = caching
    counting.encode_queries = None  # type: ignore[assignment, method-assign]
    assert index.embed_queries([], counting).shape == (0, 256)


def test_a_cache_that_another_replaces_meanwhile_is_as_good_as_none(
    index: Index, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = index.embed_queries(["a", "b"], counting)

    def gone(path: Path) -> str:
        path.unlink()
        return sha256(path)

    monkeypatch.setattr("miner.storage.sealed.sha256", gone)
    np.testing.assert_array_equal(open_index(index.path).embed_queries(["a", "b"], counting), whole)


@pytest.mark.parametrize("position", [0, 9, 100, 200, -1])
def test_a_damaged_cache_is_as_good_as_none(index: Index, counting: Counting, position: int) -> None:
    whole = index.embed_queries(["a", "b"], counting)
    (path,) = files(index)
    data = bytearray(path.read_bytes())
    data[position] ^= 4
    path.write_bytes(data)
    np.testing.assert_array_equal(index.embed_queries(["a", "b"], counting), whole)
    assert counting.texts == ["a", "b", "a", "b"]
    assert len(files(index)) == 1


def test_a_cache_cut_short_is_as_good_as_none(index: Index, counting: Counting) -> None:
    whole = index.embed_queries(["a", "b"], counting)
    (path,) = files(index)
    path.write_bytes(path.read_bytes()[:-300])
    np.testing.assert_array_equal(index.embed_queries(["a", "b"], counting), whole)


def test_where_nothing_can_be_kept_all_is_encoded(index: Index, counting: Counting) -> None:
    (index.path / "cache").touch()
    for _ in range(2):
        index.embed_queries(["a"], counting)
    assert counting.texts == ["a", "a"]


def test_a_full_cache_begins_anew(index: Index, counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_BYTES", 4 * (16 + 2 * 256))
    index.embed_queries(["a", "b", "c"], counting)
    index.embed_queries(["c", "d", "e"], counting)
    counting.texts.clear()
    index.embed_queries(["c", "d", "e"], counting)
    assert counting.texts == []
    index.embed_queries(["a"], counting)
    assert counting.texts == ["a"]


def test_an_update_keeps_the_cache_and_another_encoder_clears_it(
    index: Index, passages: list[Passage], counting: Counting
) -> None:
    index.embed_queries(["a"], counting)
    path = index.path
    del index
    updated = build_index(passages[:19], path, counting, existing="update")
    counting.texts.clear()
    updated.embed_queries(["a"], counting)
    assert counting.texts == []
    assert len(files(updated)) == 1
