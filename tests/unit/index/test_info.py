"""What an index says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

import miner
from miner.errors import ConfigError, MinerError


def test_an_index_tells_what_it_holds_by_its_path_or_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = miner.build_index(
        ["a b", "b c", "b c", " "], tmp_path / "indexes" / "one", "hashing", shard_size=1
    )
    found = miner.info(index)
    assert found == miner.info(tmp_path / "indexes" / "one")
    assert (found["passages"], found["dim"], found["shards"]) == (2, 256, 2)
    assert found["encoder"]["backend"] == "hashing"
    assert found["bytes"] == sum(file.size for file in index.manifest.files)
    monkeypatch.chdir(tmp_path)
    assert miner.info()["passages"] == 2


def test_what_is_no_index_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="indexes: holds no index"):
        miner.info()
    with pytest.raises(MinerError, match="nowhere: no such folder"):
        miner.info("nowhere")


def test_an_index_is_verified_by_its_path_or_itself_or_as_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = miner.build_index(["a b", "b c"], tmp_path / "indexes" / "one", "hashing")
    monkeypatch.chdir(tmp_path)
    assert miner.verify(index) == miner.verify(tmp_path / "indexes" / "one") == miner.verify() == []
    vectors = index.path / index.manifest.shards[0].vectors.file
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"!")
    (told,) = miner.verify(index)
    assert str(vectors) in told
