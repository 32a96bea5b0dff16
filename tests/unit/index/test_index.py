from __future__ import annotations

import pickle
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miner.data import PADDING, Float32, Passage
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, IndexCorrupt, IndexMismatch, IndexNotFound
from miner.index import Index, build_index, default_index, open_index
from miner.index.manifest import NAME, IndexCounts
from miner.storage.place import Place


@pytest.fixture(scope="module")
def made(passages: list[Passage]) -> list[Passage]:
    """The passages with copies under further ids, a bare text that returns under another title, blanks."""
    first = passages[0]
    return [
        *passages,
        Passage("copy-b", first.text, first.title, "more.jsonl", 1),
        Passage("copy-a", first.text, first.title, "more.jsonl", 2),
        Passage("retitled", first.text, "Another title", "more.jsonl", 3),
        Passage("blank", " \n\u200b", "", "more.jsonl", 4),
        passages[3],
    ]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, made: list[Passage], encoder: HashingEncoder) -> Index:
    return build_index(made, tmp_path_factory.mktemp("index") / "help", encoder, shard_size=50)


def test_counts(index: Index) -> None:
    counts = index.manifest.counts
    assert (len(index), counts.read, counts.blank, counts.passages, counts.ids) == (193, 197, 1, 193, 195)
    assert index.describe()["passages"] == 193
    assert [shard.rows for shard in index.manifest.shards] == [50, 50, 50, 43]


def test_passages_come_back_in_the_order_asked_for(index: Index, passages: list[Passage]) -> None:
    rows = [191, 0, 50, 49, 0]
    assert index.passages(rows) == [passages[row] for row in rows]
    assert index.passages([]) == []


def test_lengths_are_bytes_of_texts_over_all_shards(index: Index, passages: list[Passage]) -> None:
    rows = [191, 0, 50, 49, 0]
    assert index.lengths(rows).tolist() == [len(passages[row].text.encode()) for row in rows]
    assert index.lengths([]).tolist() == []


def test_padding_is_not_a_row(index: Index) -> None:
    for rows in ([0, PADDING], [193]):
        with pytest.raises(IndexError):
            index.passages(rows)
        with pytest.raises(IndexError):
            index.vectors(rows)


def test_vectors_are_the_encoders_in_any_shape(
    index: Index, passages: list[Passage], encoder: HashingEncoder
) -> None:
    rows = np.array([[191, 0], [7, 120]])
    expected = encoder.encode_passages([passages[row].encoded for row in rows.ravel()]).astype(np.float16)
    np.testing.assert_array_equal(index.vectors(rows), expected.reshape(2, 2, -1))
    assert index.vectors([]).shape == (0, encoder.dim)


def test_equal_texts_keep_all_their_ids(index: Index, passages: list[Passage]) -> None:
    assert index.ids(0) == [passages[0].id, "copy-b", "copy-a"]
    assert index.ids(3) == [passages[3].id]
    assert index.ids(192) == ["retitled"]


def test_rows_of_ids(index: Index, passages: list[Passage]) -> None:
    ids = ["copy-a", passages[77].id, "unknown", "blank", passages[191].id, "copy-a", "\ud800"]
    assert index.rows_of_ids(ids).tolist() == [0, 77, PADDING, PADDING, 191, 0, PADDING]
    assert index.rows_of_ids([]).tolist() == []


def test_rows_of_texts_with_and_without_title(index: Index, passages: list[Passage]) -> None:
    texts = [passages[60].text, passages[60].encoded, "no such text", f"Another title\n{passages[0].text}"]
    bare = next(row for row, passage in enumerate(passages) if passage.text == passages[60].text)
    assert index.rows_of_texts(texts).tolist() == [bare, 60, PADDING, 192]
    assert index.rows_of_texts([passages[0].text]).tolist() == [0]


def test_search_is_exact(index: Index, encoder: HashingEncoder) -> None:
    queries = index.embed_queries(["pause the invoice", "gift card twice in a week"], encoder)
    scores = queries.astype(np.float64) @ index.vectors(range(len(index))).astype(np.float64).T
    found = index.search(queries, 60)
    for i in range(2):
        expected = sorted(range(len(index)), key=lambda row: (-scores[i, row], row))[:60]
        assert found.rows[i].tolist() == expected
        assert found.scores[i].tolist() == scores[i, expected].astype(np.float32).tolist()


def test_search_refuses_vectors_of_another_kind(index: Index) -> None:
    with pytest.raises(ConfigError, match=r"float32 \[2, 256\]; expected float16 \[N, 256\]"):
        index.search(np.zeros((2, 256), np.float32), 3)


def test_spread_is_mean_and_deviation_over_the_corpus(index: Index, encoder: HashingEncoder) -> None:
    queries = index.embed_queries(["pause the invoice", "gift card"], encoder)
    scores = queries.astype(np.float64) @ index.vectors(range(len(index))).astype(np.float64).T
    np.testing.assert_allclose(
        index.spread(queries), np.stack([scores.mean(1), scores.std(1)], 1), atol=3e-5, rtol=1e-3
    )


def test_a_pickled_index_opens_again_and_refuses_a_changed_folder(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    index = build_index(passages, tmp_path / "i", encoder)
    frozen = pickle.dumps(index)
    assert len(frozen) < 500
    assert pickle.loads(frozen).passages([5]) == [passages[5]]
    build_index(passages[:-1], tmp_path / "i", encoder, existing="update")
    with pytest.raises(IndexMismatch, match="changed by another process"):
        pickle.loads(frozen)


def test_another_encoder_is_refused_by_what_differs(index: Index) -> None:
    with pytest.raises(IndexMismatch, match=r"dim is 256 there and 64 here$"):
        index.check_encoder(HashingEncoder(64))
    with pytest.raises(IndexMismatch):
        index.embed_queries(["q"], HashingEncoder(64))


@dataclass(frozen=True)
class Versioned(HashingEncoder):
    """Computed by a library of some version; one that is broken gives other vectors."""

    engine: str = "library 1"
    broken: bool = False

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        return {**super().fingerprint, "engine": self.engine}

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return super().encode_passages([text[::-1] if self.broken else text for text in texts])


def test_other_versions_that_give_the_same_vectors_are_the_same_encoder(
    tmp_path: Path, passages: list[Passage]
) -> None:
    index = build_index(passages, tmp_path / "i", Versioned())
    index.check_encoder(Versioned(engine="library 2"))
    assert len(index.embed_queries(["pause it"], Versioned(engine="library 2"))) == 1
    with pytest.raises(IndexMismatch, match="engine is 'library 1' there and 'library 2' here"):
        index.check_encoder(Versioned(engine="library 2", broken=True))
    with pytest.raises(IndexMismatch, match="dim"):
        index.check_encoder(Versioned(64, engine="library 2"))


def test_what_is_not_an_index(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFound, match="no such folder"):
        open_index(tmp_path / "none")
    with pytest.raises(IndexNotFound, match="is not an index"):
        open_index(tmp_path)


@pytest.mark.parametrize("version", ["0", "1", "999"])
def test_another_format_version_says_what_to_do(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder, version: str
) -> None:
    build_index(passages[:3], tmp_path / "i", encoder)
    manifest = tmp_path / "i" / NAME
    manifest.write_text(manifest.read_text().replace('"format": 5', f'"format": {version}'))
    with pytest.raises(IndexMismatch, match=rf"format {version}, this miner reads format 5; build it anew"):
        open_index(tmp_path / "i")


def test_a_manifest_cannot_lead_out_of_its_folder(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    index = build_index(passages[:3], tmp_path / "i", encoder)
    shard = index.manifest.shards[0]
    for name in ("../other/x.npy", "/etc/passwd", "vectors/../../x.npy", "vectors/00000.npy"):
        stolen = replace(shard, vectors=replace(shard.vectors, file=name))
        replace(index.manifest, shards=(stolen,)).write(Place(tmp_path / "i"))
        with pytest.raises(IndexCorrupt, match=r"manifest\.json: .* is not the name of a file of an index"):
            open_index(tmp_path / "i")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder": {}}, "encoder is {}"),
        ({"encoder": {"backend": "hashing", "dim": 10**13}}, "the encoder's dim is 10000000000000"),
        *(({"dim": dim}, f"dim is {dim!r}; expected") for dim in ("x", None, -5, 0, 10**13, True)),
        ({"counts": IndexCounts(3, 0, 3, 10**18)}, "do not add up to the ids"),
        ({"counts": IndexCounts(2, 0, 3, 3)}, "fewer passages were read than there are ids"),
    ],
)
def test_a_manifest_says_only_what_can_be(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder, change: dict[str, Any], message: str
) -> None:
    index = build_index(passages[:3], tmp_path / "i", encoder)
    replace(index.manifest, **change).write(Place(tmp_path / "i"))
    with pytest.raises(
        IndexCorrupt, match=rf"manifest\.json: does not describe an index .*{re.escape(message)}"
    ):
        open_index(tmp_path / "i")


def test_the_default_index_is_the_only_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no index"):
        default_index(tmp_path)
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / NAME).touch()
        if name == "b":
            assert default_index(tmp_path) == tmp_path / "b"
    with pytest.raises(ConfigError, match="several indexes; name one of a, b"):
        default_index(tmp_path)


def test_an_open_index_outlives_an_update(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    build_index(passages, tmp_path / "i", encoder, shard_size=40)
    reader = open_index(tmp_path / "i")
    build_index(passages[100:], tmp_path / "i", encoder, shard_size=40, existing="update")
    assert reader.passages([0, 191]) == [passages[0], passages[191]]
    assert len(reader.vectors(range(192))) == 192
    del reader
    build_index(passages[100:], tmp_path / "i", encoder, shard_size=40)
    assert len(list((tmp_path / "i" / "vectors").iterdir())) == 3


def test_a_read_only_index_is_searched_all_the_same(
    tmp_path: Path, passages: list[Passage], encoder: HashingEncoder
) -> None:
    build_index(passages[:5], tmp_path / "i", encoder)
    (tmp_path / "i" / ".reading").unlink()
    (tmp_path / "i" / "cache").touch()
    index = open_index(tmp_path / "i")
    queries = index.embed_queries(["cancel a plan"], encoder)
    assert index.search(queries, 1).rows.shape == (1, 1)
    assert not (tmp_path / "i" / ".reading").exists()
