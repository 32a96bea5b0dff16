"""Continuing a stopped build, and bringing an index to a changed corpus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.errors import IndexMismatch
from miner.index import build_index, open_index, verify
from tests.support.indexing import Counting, content


@pytest.fixture
def counting(encoder: HashingEncoder) -> Counting:
    return Counting(encoder)


def test_a_stopped_build_continues_and_encodes_nothing_twice(
    tmp_path: Path, passages: list[Passage], counting: Counting
) -> None:
    counting.break_after = 120
    with pytest.raises(RuntimeError, match="power cut"):
        build_index(passages, tmp_path / "a", counting, shard_size=50)
    assert not (tmp_path / "a" / "manifest.json").exists()
    counting.break_after = 10**9
    build_index(passages, tmp_path / "a", counting, shard_size=50)
    assert counting.texts == [passage.encoded for passage in passages]
    build_index(passages, tmp_path / "b", counting.inner, shard_size=50)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_a_damaged_shard_is_encoded_again_when_a_build_continues(
    tmp_path: Path, passages: list[Passage], counting: Counting
) -> None:
    build_index(passages, tmp_path / "a", counting, shard_size=50)
    whole = content(tmp_path / "a")
    victim = sorted((tmp_path / "a" / "vectors").iterdir())[1]
    data = bytearray(victim.read_bytes())
    data[-5] ^= 1
    victim.write_bytes(data)
    counting.texts.clear()
    build_index(passages, tmp_path / "a", counting, shard_size=50)
    assert counting.texts == [passage.encoded for passage in passages[50:100]]
    assert content(tmp_path / "a") == whole


def test_building_again_encodes_nothing(tmp_path: Path, passages: list[Passage], counting: Counting) -> None:
    build_index(passages, tmp_path / "a", counting)
    before = content(tmp_path / "a")
    counting.texts.clear()
    build_index(passages, tmp_path / "a", counting)
    assert counting.texts == []
    assert content(tmp_path / "a") == before


def test_an_update_encodes_only_what_is_new_and_equals_a_fresh_build(
    tmp_path: Path, passages: list[Passage], counting: Counting
) -> None:
    build_index(passages, tmp_path / "a", counting, shard_size=20)
    counting.texts.clear()
    new = [Passage(f"new-{i}", f"A new passage, number {i}.") for i in range(30)]
    changed = replace(passages[100], text="This one was changed.")
    renamed = replace(passages[101], id="renamed", source="elsewhere")
    after = [*new[:5], *passages[10:100], changed, renamed, *passages[102:150], *new[5:], passages[0]]
    build_index(after, tmp_path / "a", counting, shard_size=20, existing="update")
    assert sorted(counting.texts) == sorted([changed.encoded, *(passage.text for passage in new)])
    build_index(after, tmp_path / "b", counting.inner, shard_size=20)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert verify(tmp_path / "a") == []


def test_an_update_may_change_the_shard_size_without_encoding(
    tmp_path: Path, passages: list[Passage], counting: Counting
) -> None:
    build_index(passages, tmp_path / "a", counting, shard_size=20)
    counting.texts.clear()
    build_index(passages, tmp_path / "a", counting, shard_size=33)
    build_index(passages, tmp_path / "b", counting.inner, shard_size=33)
    assert counting.texts == []
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_an_update_that_was_stopped_leaves_the_old_index_and_continues(
    tmp_path: Path, passages: list[Passage], counting: Counting
) -> None:
    build_index(passages[:100], tmp_path / "a", counting, shard_size=20)
    old = open_index(tmp_path / "a").manifest
    counting.texts.clear()
    counting.break_after = 50
    with pytest.raises(RuntimeError, match="power cut"):
        build_index(passages[50:], tmp_path / "a", counting, shard_size=20, existing="update")
    assert open_index(tmp_path / "a").manifest == old
    assert verify(tmp_path / "a") == []
    counting.break_after = 10**9
    build_index(passages[50:], tmp_path / "a", counting, shard_size=20, existing="update")
    assert sorted(counting.texts) == sorted(passage.encoded for passage in passages[100:])
    build_index(passages[50:], tmp_path / "b", counting.inner, shard_size=20)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_an_update_does_not_copy_vectors_from_damaged_files(
    tmp_path: Path, passages: list[Passage], counting: Counting
) -> None:
    build_index(passages[:40], tmp_path / "a", counting, shard_size=20)
    for kind, number in (("vectors", 0), ("passages", 1)):
        victim = sorted((tmp_path / "a" / kind).iterdir())[number]
        data = bytearray(victim.read_bytes())
        data[len(data) // 2] ^= 1
        victim.write_bytes(data)
    build_index(passages[1:41], tmp_path / "a", counting, shard_size=20, existing="update")
    build_index(passages[1:41], tmp_path / "b", counting.inner, shard_size=20)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_another_corpus_is_refused_without_update(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    build_index(passages, tmp_path / "a", encoder)
    with pytest.raises(IndexMismatch, match="another corpus; change it with --update"):
        build_index(passages[1:], tmp_path / "a", encoder)
    assert verify(tmp_path / "a") == []
    assert len(open_index(tmp_path / "a")) == len(passages)


def test_another_encoder_is_refused_unless_told_to_replace(tmp_path: Path, passages: list[Passage]) -> None:
    build_index(passages, tmp_path / "a", HashingEncoder(64), shard_size=50)
    for existing in ("keep", "update"):
        with pytest.raises(IndexMismatch, match=r"dim is 64 there and 32 here; --overwrite builds it anew"):
            build_index(passages, tmp_path / "a", HashingEncoder(32), existing=existing)
    build_index(passages, tmp_path / "a", HashingEncoder(32), shard_size=50, existing="replace")
    build_index(passages, tmp_path / "b", HashingEncoder(32), shard_size=50)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_a_damaged_index_is_replaced_only_on_request(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    build_index(passages, tmp_path / "a", encoder)
    (tmp_path / "a" / "manifest.json").write_text("{}")
    with pytest.raises(Exception, match=r"manifest\.json: .*; --overwrite builds it anew"):
        build_index(passages, tmp_path / "a", encoder, existing="update")
    assert len(build_index(passages, tmp_path / "a", encoder, existing="replace")) == len(passages)
