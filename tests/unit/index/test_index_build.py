from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miner.data import Float32, Passage
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, InputError, Locked, ModelError, OutputError
from miner.index import build_index
from miner.progress import Clock
from miner.storage.locks import building
from miner.text import frequencies
from tests.support.indexing import Counting, content


@pytest.fixture
def counting(encoder: HashingEncoder) -> Counting:
    return Counting(encoder)


def test_two_builds_are_equal_byte_for_byte(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    for name in "ab":
        build_index(iter(passages), tmp_path / name, encoder, shard_size=50)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert len(content(tmp_path / "a")) == 4 * 4 + 3


def test_shard_size_changes_the_files_and_nothing_else(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    made = [*passages, replace(passages[3], id="again", source="more")]
    a = build_index(made, tmp_path / "a", encoder, shard_size=7)
    b = build_index(made, tmp_path / "b", encoder, shard_size=1000)
    assert (a.manifest.corpus, a.manifest.counts) == (b.manifest.corpus, b.manifest.counts)
    assert a.manifest.statistics == b.manifest.statistics
    assert a.manifest.frequencies == b.manifest.frequencies
    assert a.passages(range(192)) == b.passages(range(192))
    np.testing.assert_array_equal(a.vectors(range(192)), b.vectors(range(192)))


def test_an_id_with_two_texts_names_both_places_and_leaves_nothing(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    wrong = Passage(passages[3].id, "another text", "", "b.jsonl", 12)
    with pytest.raises(
        InputError, match=rf"b\.jsonl:12: the id '{passages[3].id}' .* at {passages[3].source}:300"
    ):
        build_index([*passages[:60], wrong], tmp_path / "a", encoder, shard_size=25)
    assert not (tmp_path / "a").exists()


def test_an_aliass_id_cannot_take_another_text_either(tmp_path: Path, encoder: HashingEncoder) -> None:
    made = [Passage("a", "one", offset=1), Passage("b", "one", offset=2), Passage("b", "two", offset=3)]
    with pytest.raises(InputError, match=r"passages:3: the id 'b' already names another text, at passages:2"):
        build_index(made, tmp_path / "a", encoder)


def test_ids_are_compared_to_the_last_character(tmp_path: Path, encoder: HashingEncoder) -> None:
    ids = ["a", "A", "a ", "a\0", "a\0b", "ä", "a\u0308", "1", "1.0", "01"]
    index = build_index(
        [Passage(id, f"text {number}") for number, id in enumerate(ids)], tmp_path / "a", encoder
    )
    assert index.rows_of_ids(ids).tolist() == list(range(len(ids)))


@pytest.mark.parametrize("place", ["id", "text", "title", "source"])
def test_a_lone_surrogate_is_named(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder, place: str
) -> None:
    wrong = replace(Passage("x", "text", "title", "c.jsonl", 7), **{place: "caf\ud800"})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=":7: holds a lone surrogate"):
        build_index([*passages, wrong], tmp_path / "a", encoder)


def test_nothing_but_blanks(tmp_path: Path, encoder: HashingEncoder) -> None:
    with pytest.raises(ConfigError, match=r"no passage with text \(2 blank ones were left out\)"):
        build_index([Passage("a", ""), Passage("b", "\u200b\t")], tmp_path / "a", encoder)


def test_a_folder_with_other_things_is_left_alone(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ConfigError, match=r"holds 'thesis\.tex'; expected a new folder"):
        build_index(passages, tmp_path, encoder)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file; expected a folder"):
        build_index(passages, tmp_path / "file", encoder)


def test_foreign_files_inside_survive(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    foreign = tmp_path / "a" / "vectors" / "mine.npy"
    foreign.parent.mkdir(parents=True)
    foreign.touch()
    build_index(passages, tmp_path / "a", encoder)
    build_index(passages[1:], tmp_path / "a", encoder, existing="update")
    assert foreign.exists()


def test_left_behind_temporary_files_are_cleared(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    build_index(passages, tmp_path / "a", encoder)
    (tmp_path / "a" / "vectors" / ".00000-x.npy.1234.tmp").touch()
    build_index(passages, tmp_path / "a", encoder)
    assert not list((tmp_path / "a").rglob("*.tmp"))


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((2, 4), np.float32), "length 2.0; expected unit"),
        (np.full((2, 4), np.nan, np.float32), "length nan"),
        (np.zeros((2, 4), np.float32), r"length 0\.0"),
        (np.eye(4, dtype=np.float32)[:1], r"\[1, 4\]; expected \[2, 4\]"),
    ],
)
def test_an_encoder_that_does_not_give_unit_rows_is_refused(
    tmp_path: Path, vectors: Float32, message: str
) -> None:
    class Broken(HashingEncoder):
        def encode_passages(self, texts: Sequence[str]) -> Float32:
            return vectors

    with pytest.raises(ModelError, match=message):
        build_index([Passage("a", "a"), Passage("b", "b")], tmp_path / "a", Broken(4))


def test_two_builders_at_once(tmp_path: Path, passages: list[Passage], encoder: HashingEncoder) -> None:
    with (
        building(tmp_path / "a"),
        pytest.raises(Locked, match=rf"process {os.getpid()} is building here"),
    ):
        build_index(passages, tmp_path / "a", encoder)
    assert len(build_index(passages, tmp_path / "a", encoder)) == len(passages)


def test_the_lock_of_a_killed_process_is_free(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    code = (
        "import sys, time, pathlib; from miner.storage.locks import building\n"
        "with building(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "a")], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Locked, match=f"process {other.pid}"):
            build_index(passages, tmp_path / "a", encoder)
        other.send_signal(signal.SIGKILL)
    assert len(build_index(passages, tmp_path / "a", encoder)) == len(passages)


def test_too_little_room_is_said_before_anything_is_encoded(
    tmp_path: Path, passages: list[Passage], counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OutputError, match=r"the vectors need 0\.02 GiB, the disk has 0\.00 GiB left"):
        build_index(passages, tmp_path / "a", counting)
    assert counting.texts == []


def test_a_disk_that_fills_up_is_one_clear_error(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, old[1]))
        with pytest.raises(OutputError, match=r"cannot be (written|kept)"):
            build_index(passages, tmp_path / "a", encoder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(tmp_path.rglob("*.tmp"))
    assert len(build_index(passages, tmp_path / "a", encoder)) == len(passages)


def test_a_path_that_cannot_be_written(passages: list[Passage], encoder: HashingEncoder) -> None:
    with pytest.raises(OutputError, match="/proc/nowhere: cannot be written"):
        build_index(passages, Path("/proc/nowhere"), encoder)


def test_stages_tell_what_they_did(tmp_path: Path, passages: list[Passage], counting: Counting) -> None:
    clock = Clock()
    build_index(passages, tmp_path / "a", counting, clock=clock)
    assert [stage.name for stage in clock.stages.values()] == ["read", "encode", "sum up"]
    assert clock.stages["read"].items == clock.stages["encode"].items == len(passages)
    assert clock.stages["encode"].tokens == counting.tokens_encoded > 0


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of a passage while reading is on disk: the reader's own objects stay few."""
    import gc
    import tracemalloc

    monkeypatch.setattr(frequencies, "WORDS", 250)
    monkeypatch.setattr(frequencies, "BATCH", 250)

    class Flat(HashingEncoder):
        def encode_passages(self, texts: Sequence[str]) -> Float32:
            return np.eye(1, self.dim, dtype=np.float32).repeat(len(texts), axis=0)

    def made(count: int) -> Iterator[Passage]:
        return (Passage(f"doc-{i}", f"text {i} " * 10, source="c.jsonl", offset=i) for i in range(count))

    peaks, counts = [], (250, 1_000, 2_250)
    for count in counts:
        gc.collect()
        tracemalloc.start()
        build_index(made(count), tmp_path / str(count), Flat(8), shard_size=250)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    a_passage_with_its_fold = 350
    assert (peaks[2] - peaks[1]) / (counts[2] - counts[1]) < 0.7 * a_passage_with_its_fold
