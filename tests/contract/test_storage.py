"""An index in a store is what it is in a folder, byte for byte, and nobody sees half of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import IndexCorrupt, IndexNotFound, Locked
from miner.executors import Serial
from miner.index import build_index, open_index, verify
from miner.index.manifest import FILE
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.mining_tasks.run import mine_files
from miner.storage.bucket import Store
from miner.storage.cachedir import CACHE
from miner.storage.mirror import Mirror, Scratch
from tests.support.commandline import call
from tests.support.indexing import Counting, content
from tests.support.working import Stub

pytestmark = pytest.mark.usefixtures("stores")

SHARD = 50


def stored(uri: str) -> dict[str, str]:
    """All files in a store, as `content` tells of those in a folder."""
    store = Store(uri)
    return {name: hashlib.sha256(store.read(name) or b"").hexdigest() for name in store.names()}


def another_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / f"cache-{uuid4().hex}"))


def test_an_index_in_a_store_is_that_of_a_folder(
    tmp_path: Path, uri: str, passages: list[Passage], queries: list[Query], monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(passages, tmp_path / "i", HashingEncoder(), shard_size=SHARD)
    build_index(passages, uri, HashingEncoder(), shard_size=SHARD)
    assert stored(uri) == content(tmp_path / "i")
    another_machine(monkeypatch, tmp_path)
    mine(queries, open_index(tmp_path / "i")).write(tmp_path / "a.jsonl")
    mine(queries, open_index(uri)).write(tmp_path / "b.jsonl")
    for end in (".jsonl", ".receipts.jsonl"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()
    assert verify(uri) == []


def test_an_update_in_a_store_encodes_only_what_is_new(
    tmp_path: Path, s3: str, passages: list[Passage], monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(passages, s3, HashingEncoder(), shard_size=SHARD)
    another_machine(monkeypatch, tmp_path)
    changed, encoder = [*passages[30:], Passage("new", "One more.")], Counting(HashingEncoder())
    build_index(changed, s3, encoder, shard_size=SHARD, existing="update")
    assert encoder.texts == ["One more."]
    build_index(changed, tmp_path / "i", HashingEncoder(), shard_size=SHARD)
    index = open_index(s3)
    assert index.manifest == open_index(tmp_path / "i").manifest
    former = {name for name in stored(s3) if FILE.fullmatch(name)} - set(content(tmp_path / "i"))
    assert former, "readers of the index before it still find its files"
    build_index(changed, s3, HashingEncoder(), shard_size=SHARD)
    assert stored(s3) == content(tmp_path / "i")


def test_a_build_that_was_killed_continues_on_another_machine(
    tmp_path: Path, uri: str, passages: list[Passage], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        build_index(passages, uri, Counting(HashingEncoder(), break_after=120), shard_size=SHARD)
    with pytest.raises(IndexNotFound, match="expected a folder written by 'miner build-index'"):
        open_index(uri)
    another_machine(monkeypatch, tmp_path)
    encoder = Counting(HashingEncoder())
    build_index(passages, uri, encoder, shard_size=SHARD)
    assert encoder.texts == [passage.encoded for passage in passages[100:]]
    build_index(passages, tmp_path / "i", HashingEncoder(), shard_size=SHARD)
    assert stored(uri) == content(tmp_path / "i")


def test_a_reader_sees_an_index_or_none(
    s3: str, tmp_path: Path, passages: list[Passage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each file that is put, another machine opens it and reads all that is in it."""
    seen = set[int | None]()
    write = Store.replace, Store.put

    def look() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Store, "put", write[1])
            another_machine(patch, tmp_path)
            try:
                index = open_index(s3)
            except IndexNotFound:
                seen.add(None)
            else:
                seen.add(len(index.passages(range(len(index)))))

    def put(store: Store, name: str, path: Path) -> None:
        write[1](store, name, path)
        look()

    monkeypatch.setattr(Store, "put", put)
    build_index(passages[:60], s3, HashingEncoder(), shard_size=30)
    assert seen == {None}
    build_index(passages[20:90], s3, HashingEncoder(), shard_size=30, existing="update")
    look()
    assert seen == {None, 60, 70}


@pytest.mark.parametrize("executor", [Serial(), Stub(workers=3, lossy=4)], ids=repr)
def test_tasks_pass_on_their_files_through_the_store(
    tmp_path: Path, s3: str, passages: list[Passage], queries: list[Query], executor: Serial | Stub
) -> None:
    index = build_index(passages, s3, HashingEncoder(), shard_size=SHARD, executor=executor)
    mine(queries, index).write(tmp_path / "a.jsonl")
    mine_files(queries, [index], Recipe(), tmp_path / "b.jsonl", executor)
    for end in (".jsonl", ".receipts.jsonl"):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()
    assert Store(s3).beside(".work").names() == []


def test_what_workers_leave_for_one_another_is_in_the_store_alone(tmp_path: Path, s3: str) -> None:
    here, there = Scratch(Store(s3)), Scratch(Store(s3))
    file = here.seal("made/0", ".jsonl", b"{}\n")
    large = here.seal_pieces("made/1", ".npy", [b"1", b"2"])
    assert (there.read(file), there.check(large).read_bytes()) == (b"{}\n", b"12")
    assert there.whole("made/0", ".jsonl") == file
    there.discard([large])
    assert [path for place in (here, there) for path in place.folder.rglob("*") if path.is_file()] == []
    assert Store(s3).names() == [file.file]


def test_two_writers_of_one_file_do_no_harm(tmp_path: Path, uri: str) -> None:
    machines = [Mirror(Store(uri), tmp_path / str(number)) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        files = set(pool.map(lambda place: place.seal("passages/0", ".arrow", b"the same"), machines))
    (file,) = files
    assert stored(uri) == {file.file: file.sha256}
    (tmp_path / "other").write_bytes(b"other")
    Store(uri).put(file.file, tmp_path / "other")
    assert stored(uri) == {file.file: file.sha256}


def test_of_two_builds_at_once_the_first_to_end_counts(
    uri: str, passages: list[Passage], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def slow() -> Iterator[Passage]:
        with pytest.MonkeyPatch.context() as patch:
            another_machine(patch, tmp_path)
            build_index(passages[:20], uri, HashingEncoder())
        yield from passages

    with pytest.raises(Locked, match="was changed by another process meanwhile; run it again"):
        build_index(slow(), uri, HashingEncoder())
    assert len(open_index(uri)) == 20


def test_what_was_damaged_in_the_store_is_told(
    s3: str,
    passages: list[Passage],
    tmp_path: Path,
) -> None:
    index = build_index(passages, s3, HashingEncoder(), shard_size=SHARD)
    shard, store = index.manifest.shards[1], Store(s3)
    damaged = (store.read(shard.vectors.file) or b"")[:-3] + b"xyz"
    store.write(shard.vectors.file, damaged)
    store.delete([shard.keys.file])
    first, second = verify(s3)
    assert first == f"{s3}/{shard.keys.file}: cannot be read (No such file or directory)"
    assert second.startswith(f"{s3}/{shard.vectors.file}: was changed after it was sealed")
    with pytest.MonkeyPatch.context() as patch:
        another_machine(patch, tmp_path)
        with pytest.raises(IndexCorrupt, match="is not what was written there"):
            open_index(s3).vectors([60])
    store.delete([shard.vectors.file])
    build_index(passages, s3, HashingEncoder(), shard_size=SHARD)
    assert verify(s3) == []


def test_only_what_is_looked_at_is_fetched(
    s3: str, passages: list[Passage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(passages, s3, HashingEncoder(), shard_size=SHARD)
    another_machine(monkeypatch, tmp_path)
    index = open_index(s3)
    index.vectors([60])
    index.passages([70])
    shard = index.manifest.shards[1]
    here = {path.relative_to(index.path).as_posix() for path in index.path.rglob("*-*") if path.is_file()}
    assert here == {index.manifest.statistics.file, shard.vectors.file, shard.passages.file}


def test_the_command_line_takes_uris(
    uri: str, corpus_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "q.jsonl").write_text('{"query": "how", "relevant_ids": ["plan/cancel.md"]}\n')
    for command in (
        ("build-index", corpus_file, "--encoder", "hashing", "--out", uri),
        ("verify", uri),
        ("mine", tmp_path / "q.jsonl", "--index", uri, "-o", tmp_path / "o.jsonl"),
        ("info", uri, "--json"),
    ):
        done = call(capsys, *command)
        assert (done.code, "Secret" in done.err) == (0, False), done.err
    assert json.loads(done.out)["path"] == uri
    assert json.loads((tmp_path / "o.run.json").read_bytes())["index"]["path"] == uri
    assert "build.json" in stored(uri)
