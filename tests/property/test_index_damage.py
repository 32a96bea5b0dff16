"""Whatever happens to the files of an index is noticed and named, on opening it or by verify."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.errors import IndexCorrupt, IndexMismatch, IndexNotFound
from miner.index import build_index, open_index, verify
from miner.index.manifest import _bytes, _digest

FAST = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, passages: list[Passage]) -> Path:
    path = tmp_path_factory.mktemp("damage")
    build_index(
        [*passages[:30], Passage("alias", passages[12].text, passages[12].title)],
        path / "a",
        HashingEncoder(16),
        shard_size=10,
    )
    build_index(passages[5:45], path / "b", HashingEncoder(16), shard_size=10)
    return path


@pytest.fixture(scope="module")
def sealed(folder: Path) -> list[str]:
    """The files that make the index, by name."""
    files = (path.relative_to(folder / "a").as_posix() for path in sorted((folder / "a").rglob("*.*")))
    return [file for file in files if file not in (".building", ".reading")]


def complaints(folder: Path) -> Iterator[str]:
    """What open and verify say, in one list; nothing else than these errors may come."""
    try:
        open_index(folder)
    except (IndexCorrupt, IndexMismatch, IndexNotFound) as error:
        yield str(error)
    try:
        yield from verify(folder)
    except (IndexCorrupt, IndexMismatch, IndexNotFound) as error:
        yield str(error)


def assert_named(folder: Path, file: str) -> None:
    said = list(complaints(folder))
    assert any(file in line or (file == "manifest.json" and str(folder) in line) for line in said), said


def test_the_whole_one_has_no_fault(folder: Path, sealed: list[str]) -> None:
    assert len(sealed) == 3 * 4 + 3
    assert list(complaints(folder / "a")) == []


@FAST
@given(data=st.data())
def test_a_flipped_bit_is_noticed_and_its_file_named(
    folder: Path, sealed: list[str], data: st.DataObject
) -> None:
    file = data.draw(st.sampled_from(sealed))
    path = folder / "a" / file
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        path.write_bytes(broken)
        assert_named(folder / "a", file)
    finally:
        path.write_bytes(whole)


@FAST
@given(data=st.data())
def test_what_is_cut_grown_emptied_or_deleted_is_noticed_by_open(
    folder: Path, sealed: list[str], data: st.DataObject
) -> None:
    file = data.draw(st.sampled_from(sealed))
    path = folder / "a" / file
    whole = path.read_bytes()
    change = data.draw(st.sampled_from(["cut", "grown", "deleted", "folder"]))
    try:
        if change == "cut":
            path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        elif change == "grown":
            path.write_bytes(whole + data.draw(st.binary(min_size=1, max_size=20)))
        else:
            path.unlink()
            if change == "folder":
                path.mkdir()
        with pytest.raises((IndexCorrupt, IndexMismatch, IndexNotFound), match=str(folder)):
            open_index(folder / "a")
        assert_named(folder / "a", file)
    finally:
        if path.is_dir():
            path.rmdir()
        path.write_bytes(whole)


@FAST
@given(data=st.data())
def test_two_swapped_files_are_noticed(folder: Path, sealed: list[str], data: st.DataObject) -> None:
    one, other = data.draw(st.lists(st.sampled_from(sealed), min_size=2, max_size=2, unique=True))
    first, second = (folder / "a" / one).read_bytes(), (folder / "a" / other).read_bytes()
    if first == second:
        return
    try:
        (folder / "a" / one).write_bytes(second)
        (folder / "a" / other).write_bytes(first)
        said = list(complaints(folder / "a"))
        assert any(one in line or other in line or str(folder) in line for line in said)
    finally:
        (folder / "a" / one).write_bytes(first)
        (folder / "a" / other).write_bytes(second)


def test_a_shard_of_another_index_is_noticed(folder: Path, tmp_path: Path) -> None:
    """Files of equal size, each whole in itself, taken from an index of another corpus."""
    shutil.copytree(folder / "a", tmp_path / "a")
    for kind in ("vectors", "keys"):
        mine = sorted((tmp_path / "a" / kind).iterdir())[1]
        theirs = sorted((folder / "b" / kind).iterdir())[1]
        mine.write_bytes(theirs.read_bytes())
        assert_named(tmp_path / "a", mine.name)


def resealed(folder: Path, change: dict[str, Any]) -> None:
    """A manifest changed by somebody who knows how to seal it."""
    content = json.loads((folder / "manifest.json").read_text())
    del content["sha256"]
    content |= change
    (folder / "manifest.json").write_bytes(_bytes({**content, "sha256": _digest(content)}))


@pytest.mark.parametrize("kind", ["passages", "aliases", "keys", "vectors"])
def test_shards_mixed_and_sealed_anew_do_not_belong_together(folder: Path, tmp_path: Path, kind: str) -> None:
    """Even with a manifest that lists another index's file with the right checksum."""
    shutil.copytree(folder / "a", tmp_path / "a")
    ours, theirs = (json.loads((folder / name / "manifest.json").read_text())["shards"] for name in "ab")
    shutil.copy(folder / "b" / theirs[1][kind]["file"], tmp_path / "a" / theirs[1][kind]["file"])
    ours[1][kind] = theirs[1][kind]
    resealed(tmp_path / "a", {"shards": ours})
    assert list(complaints(tmp_path / "a")) != []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@FAST
@given(data=st.data())
def test_any_manifest_is_read_or_refused(folder: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Values of other kinds in any place, and sealed anew, so that only their meaning can be wrong."""
    target = tmp_path / "a"
    if not target.exists():
        shutil.copytree(folder / "a", target)
    content = json.loads((folder / "a" / "manifest.json").read_text())
    place: Any = content
    while True:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not place[key] or not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    text = json.dumps(content).encode()
    with suppress(TypeError):  # what JSON has no word for cannot be sealed
        text = _bytes(content | {"sha256": _digest({k: v for k, v in content.items() if k != "sha256"})})
    (target / "manifest.json").write_bytes(text)
    said = ""
    try:
        open_index(target)
    except (IndexCorrupt, IndexMismatch) as error:
        said = str(error)
    assert not said or said.startswith(str(target))


@FAST
@given(noise=st.binary(max_size=200))
def test_noise_for_a_manifest_is_refused(tmp_path: Path, noise: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(noise)
    with pytest.raises((IndexCorrupt, IndexMismatch), match=r"manifest\.json|format"):
        open_index(tmp_path)
