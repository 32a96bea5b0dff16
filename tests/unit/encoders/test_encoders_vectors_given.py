"""Vectors that came with the texts: from arrays, files and columns; for passages and for queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miner.encoders import HashingEncoder
from miner.encoders.vector_sources import read_vectors
from miner.encoders.vectors import GivenVectors
from miner.errors import ConfigError, IndexMismatch, InputError, ModelError

TEXTS = [f"text {i} about {i % 3}" for i in range(9)]
ROWS = HashingEncoder(16).encode_passages(TEXTS)


def given(vectors: Any = ROWS, encoder: Any = None, texts: list[str] = TEXTS) -> GivenVectors:
    made = GivenVectors(vectors, encoder)
    assert list(made.claim(texts, str)) == texts
    return made


def parquet(folder: Path, **columns: Any) -> Path:
    path = folder / "v.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_every_source_gives_the_same_rows(tmp_path: Path) -> None:
    import torch

    np.save(tmp_path / "v.npy", ROWS)
    file = parquet(tmp_path, text=TEXTS, emb=list(ROWS))
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(ROWS.ravel()), 16)
    sources: list[Any] = [
        ROWS, ROWS.astype(np.float64), ROWS.tolist(), list(ROWS), torch.from_numpy(ROWS), tmp_path / "v.npy",
        str(tmp_path / "v.npy"), file, f"{file}:emb", fixed, pa.chunked_array([fixed[:4], fixed[4:]]),
        pa.array(list(ROWS)), pa.table({"emb": list(ROWS)}).column("emb"),
    ]  # fmt: skip
    for source in sources:
        np.testing.assert_allclose(np.asarray(read_vectors(source), np.float32), ROWS, rtol=1e-6)


def test_a_frame_s_column_is_a_source() -> None:
    pandas = pytest.importorskip("pandas", reason="the extra 'pandas' is not installed")
    np.testing.assert_array_equal(read_vectors(pandas.Series(list(ROWS))), ROWS)


def test_a_file_of_vectors_is_mapped_and_not_read(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", ROWS)
    assert isinstance(read_vectors(tmp_path / "v.npy"), np.memmap)


def test_vectors_go_by_the_text_they_came_with() -> None:
    encoder = given(ROWS * 3)
    np.testing.assert_allclose(encoder.encode_passages(TEXTS[::-2]), ROWS[::-2], atol=1e-6)
    np.testing.assert_allclose(encoder.encode_queries([TEXTS[4]] * 2), ROWS[[4, 4]], atol=1e-6)
    assert encoder.encode_passages([]).shape == (0, 16)


def test_of_equal_texts_the_first_vector_counts() -> None:
    encoder = given(ROWS[:3], texts=["a", "b", "a"])
    np.testing.assert_allclose(encoder.encode_passages(["a"]), ROWS[:1], atol=1e-6)


def test_a_text_without_a_vector_goes_to_the_encoder_or_is_told() -> None:
    with pytest.raises(
        ModelError, match="there is no vector for the query 'new'; give one for each, or an encoder"
    ):
        given().encode_queries([TEXTS[0], "new"])
    both = given(encoder=HashingEncoder(16))
    np.testing.assert_allclose(
        both.encode_passages(["new", TEXTS[2]]),
        HashingEncoder(16).encode_passages(["new", TEXTS[2]]),
        atol=1e-6,
    )


def test_the_fingerprint_is_of_the_vectors_or_the_encoder_s() -> None:
    assert given().fingerprint == given(ROWS.tolist()).fingerprint
    assert given().fingerprint != given(-ROWS).fingerprint
    assert given(encoder=HashingEncoder(16)).fingerprint == HashingEncoder(16).fingerprint


def test_vectors_that_are_not_the_encoder_s_are_told() -> None:
    given(encoder=HashingEncoder(16)).check(HashingEncoder(16).encode_passages)
    with pytest.raises(IndexMismatch, match="the vectors given are not the encoder's"):
        given(ROWS[::-1].copy()).check(HashingEncoder(16).encode_passages)
    with pytest.raises(IndexMismatch, match="have 16 numbers, the encoder's 32"):
        given().check(HashingEncoder(32).encode_passages)


@pytest.mark.parametrize("texts", [TEXTS[:-1], [*TEXTS, "more"]])
def test_another_number_of_vectors_than_texts_is_told(texts: list[str]) -> None:
    with pytest.raises(
        ConfigError, match=f"9 vectors were given for {len(texts)} texts; expected one for each"
    ):
        given(texts=texts)


def test_mistakes_are_told_in_a_sentence(tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.ones(3))
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    file = parquet(
        tmp_path, text=["a", "b"], one=[[1.0], [2.0]], two=[[1.0], [1.0, 2.0]], words=[["a"], ["b"]]
    )
    hole = ROWS.copy()
    hole[3, 2] = np.nan
    mistakes: list[tuple[Any, type[Exception], str]] = [
        (3, ConfigError, "the vectors are int; expected an array"),
        ("v.txt", ConfigError, "v.txt: not a file of vectors; expected an array"),
        (tmp_path / "none.npy", ConfigError, "none.npy: no such file"),
        (tmp_path / "none.parquet", ConfigError, "none.parquet: no such file"),
        (tmp_path / "bad.npy", InputError, "is not a .npy file of numbers"),
        (tmp_path / "bad.parquet", InputError, "is not a readable parquet file"),
        (tmp_path / "flat.npy", ConfigError, "flat.npy are float64 [3]; expected numbers [texts, dim]"),
        (np.ones(4), ConfigError, "the vectors are float64 [4]; expected numbers [texts, dim]"),
        (np.ones((0, 0)), ConfigError, "the vectors are float64 [0, 0]"),
        ([[1.0], [1.0, 2.0]], ConfigError, "the vectors are list; expected an array"),
        (["a", "b"], ConfigError, "the vectors are list; expected an array"),
        (hole, ConfigError, "the vectors: vector 4 is not finite"),
        (f"{file}:three", ConfigError, "has no column 'three' of vectors; found one, two, words"),
        (file, ConfigError, "has no column '' of vectors; found one, two, words; name it as"),
        (f"{file}:text", ConfigError, "the column 'text' holds string; expected lists of numbers"),
        (f"{file}:two", ConfigError, "holds vectors of 1 and of 2 numbers; expected one length"),
        (f"{file}:words", ConfigError, "holds lists of string; expected lists of numbers"),
        (pa.array([[1.0], None]), ConfigError, "has no vector in 1 row; expected one in each"),
    ]
    for source, kind, message in mistakes:
        with pytest.raises(kind) as caught:
            read_vectors(source)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
