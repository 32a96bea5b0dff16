"""What every encoder must keep, over all that are installed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from miner.encoders import Encoder, HashingEncoder
from miner.encoders.load import load_encoder
from miner.models.hardware import has_bf16
from tests.support.encoders import PROMPTS, few_documents, make_model, texts

needs_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
needs_bf16 = pytest.mark.skipif(not has_bf16(), reason="the processor does not compute in bf16")

KINDS = [
    "hashing",
    "torch-fp32",
    pytest.param("torch-bf16", marks=needs_bf16),
    pytest.param("openvino-fp32", marks=needs_openvino),
    pytest.param("openvino-bf16", marks=[needs_openvino, needs_bf16]),
    pytest.param("openvino-int8", marks=needs_openvino),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny", prompts=PROMPTS)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINER_CACHE", str(tmp_path_factory.mktemp("cache")))
        few_documents(patch)
        yield


@pytest.fixture(scope="module", params=KINDS)
def encoder(request: pytest.FixtureRequest, folder: Path, cache: None) -> Encoder:
    if request.param == "hashing":
        return HashingEncoder()
    backend, dtype = request.param.split("-")
    return load_encoder(str(folder), backend=backend, dtype=dtype, device="cpu")


def test_rows_are_float32_and_of_length_one(encoder: Encoder) -> None:
    for vectors in (encoder.encode_passages(texts(9)), encoder.encode_queries(texts(9))):
        assert vectors.dtype == np.float32
        assert vectors.shape == (9, encoder.dim)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    for vectors in (encoder.encode_passages([]), encoder.encode_queries([])):
        assert vectors.dtype == np.float32
        assert vectors.shape == (0, encoder.dim)


def test_a_vector_depends_on_its_text_alone(encoder: Encoder) -> None:
    """Any order, any company, any number of texts: the same bits."""
    all_texts = [*texts(150), "a1", "", "   ", "a1 a1", "A1"]
    whole = encoder.encode_passages(all_texts)
    draw = np.random.default_rng(0)
    calls = [draw.permutation(len(all_texts)), np.arange(len(all_texts))[::-1]]
    calls += [draw.choice(len(all_texts), size, replace=False) for size in (2, 3, 5, 17, 60)]
    calls += [np.array([i]) for i in (0, 7, 150, 151, 152, 153, 154)]
    for call in calls:
        np.testing.assert_array_equal(encoder.encode_passages([all_texts[i] for i in call]), whole[call])


def test_equal_texts_get_equal_vectors(encoder: Encoder) -> None:
    some = texts(20)
    vectors = encoder.encode_queries([*some, *some[::-1], some[3]])
    np.testing.assert_array_equal(vectors[20:40], vectors[:20][::-1])
    np.testing.assert_array_equal(vectors[40], vectors[3])
    assert len(np.unique(vectors, axis=0)) == 20


def test_vectors_are_the_same_for_any_number_of_threads(encoder: Encoder) -> None:
    if isinstance(encoder, HashingEncoder):
        pytest.skip("has no threads")
    some = texts(60)
    whole = encoder.encode_passages(some)
    for threads in (1, 3):
        other: Any = dataclasses.replace(encoder, threads=threads)  # type: ignore[type-var]
        np.testing.assert_array_equal(other.encode_passages(some), whole)


def test_prompts_are_part_of_what_is_encoded(encoder: Encoder) -> None:
    if isinstance(encoder, HashingEncoder):
        pytest.skip("has no prompts")
    options: dict[str, Any] = {key: encoder.fingerprint[key] for key in ("backend", "dtype")}
    options |= {"query_prompt": "", "document_prompt": "", "device": "cpu"}
    bare = load_encoder(encoder.fingerprint["model"], **options)
    some = texts(12)
    with_query = bare.encode_passages([PROMPTS["query"] + text for text in some])
    with_document = bare.encode_queries([PROMPTS["document"] + text for text in some])
    np.testing.assert_array_equal(encoder.encode_queries(some), with_query)
    np.testing.assert_array_equal(encoder.encode_passages(some), with_document)
    assert not np.array_equal(with_query, with_document)
    assert bare.fingerprint != encoder.fingerprint


def test_tokens_are_counted_without_special_ones_and_without_a_cut(encoder: Encoder) -> None:
    assert encoder.count_tokens(["a1 a2 a3", "", "a1 " * 500]) == [3, 0, 500]


def test_the_fingerprint_is_json(encoder: Encoder) -> None:
    import orjson

    assert orjson.loads(orjson.dumps(dict(encoder.fingerprint)))["dim"] == encoder.dim
