"""Vectors against those of sentence-transformers itself, module by module."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import LSTM, Pooling, StaticEmbedding, Transformer
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

import miner.samples
from miner.encoders.agreement import agreement
from miner.encoders.hashing import HashingEncoder
from miner.encoders.load import load_encoder
from miner.errors import ModelError
from miner.models.hardware import has_bf16
from tests.support.encoders import PROMPTS, WORDS, few_documents, make_model, shallow_bundled, texts

needs_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")

SAMPLE = Path(miner.samples.__file__).with_name("corpus")

MODELS: dict[str, dict[str, Any]] = {
    "mean": {},
    "cls": {"pooling_mode": "cls"},
    "max": {"pooling_mode": "max"},
    "last": {"pooling_mode": "lasttoken"},
    "weighted": {"pooling_mode": "weightedmean"},
    "two": {"pooling_mode": ("cls", "mean_sqrt_len_tokens")},
    "dense": {"dense": True},
    "no prompt": {"include_prompt": False},
}


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("name", MODELS)
def test_torch_gives_what_sentence_transformers_gives(name: str, tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model", prompts=PROMPTS, **MODELS[name])
    network, encoder = (
        SentenceTransformer(str(folder), device="cpu"),
        load_encoder(str(folder), backend="torch", dtype="fp32"),
    )
    some = [*texts(16), "a1"]
    np.testing.assert_allclose(encoder.encode_queries(some), unit(network.encode_query(some)), atol=2e-6)
    np.testing.assert_allclose(encoder.encode_passages(some), unit(network.encode_document(some)), atol=2e-6)


@needs_openvino
@pytest.mark.parametrize("name", ["cls", "dense"])
def test_openvino_gives_what_sentence_transformers_gives(name: str, tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model", prompts=PROMPTS, **MODELS[name])
    network = SentenceTransformer(str(folder), device="cpu")
    encoder = load_encoder(str(folder), backend="openvino", dtype="fp32")
    some = [*texts(16), "a1"]
    np.testing.assert_allclose(encoder.encode_queries(some), unit(network.encode_query(some)), atol=1e-5)


def test_a_module_with_weights_after_the_pooling_keeps_vectors_apart(tmp_path: Path) -> None:
    encoder = load_encoder(str(make_model(tmp_path / "model", dense=True)), dtype="fp32")
    some = texts(60)
    whole = encoder.encode_passages(some)
    for i in (0, 1, 30):
        np.testing.assert_array_equal(encoder.encode_passages([some[i]])[0], whole[i])


@needs_openvino
def test_openvino_refuses_a_prompt_left_out_of_the_pooling(tmp_path: Path) -> None:
    folder = str(make_model(tmp_path / "model", include_prompt=False))
    assert load_encoder(folder, backend="openvino", dtype="fp32").dim == 64
    with pytest.raises(ModelError, match="Pooling leaves the prompt out of the pooling; use --backend torch"):
        load_encoder(folder, backend="openvino", dtype="fp32", query_prompt="b1 ")


@needs_openvino
def test_openvino_refuses_a_module_it_does_not_know(tmp_path: Path) -> None:
    plain = make_model(tmp_path / "model").with_name("model-plain")
    modules = [Transformer(str(plain)), LSTM(64, 16), Pooling(32)]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(tmp_path / "lstm"))
    with pytest.raises(ModelError, match="LSTM is not one that can be converted; use --backend torch"):
        load_encoder(str(tmp_path / "lstm"), backend="openvino", dtype="fp32")


def test_a_model_without_a_transformer_runs_on_torch(tmp_path: Path) -> None:
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(["?", *WORDS])}, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    network = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=16)], device="cpu")
    network.save_pretrained(str(tmp_path / "static"), create_model_card=False)
    encoder, some = load_encoder(str(tmp_path / "static"), dtype="fp32"), [*texts(5), "a1", "a1"]
    np.testing.assert_allclose(encoder.encode_queries(some), unit(network.encode_query(some)), atol=1e-6)
    assert encoder.count_tokens(["a1 a2"]) == [2]
    with pytest.raises(ModelError, match="StaticEmbedding is not one that can be converted"):
        load_encoder(str(tmp_path / "static"), backend="openvino", dtype="fp32")


def test_a_cut_is_made_where_asked_for(tmp_path: Path) -> None:
    folder = str(make_model(tmp_path / "model"))
    short, long = load_encoder(folder, dtype="fp32", max_length=6), load_encoder(folder, dtype="fp32")
    beginning = ["a1 a2 a3 a4"]
    np.testing.assert_array_equal(
        short.encode_queries(["a1 a2 a3 a4 a5 a6"]), short.encode_queries(beginning)
    )
    np.testing.assert_array_equal(short.encode_queries(beginning), long.encode_queries(beginning))


def test_tokens_worked_through_are_counted_once_a_text(tmp_path: Path) -> None:
    encoder: Any = load_encoder(str(make_model(tmp_path / "model")), dtype="fp32")
    encoder.encode_passages(["a1 a2", "a1 a2", "b1", "a1 " * 500])
    assert encoder.tokens_encoded == (2 + 2) + (1 + 2) + 96


def test_agreement_of_an_encoder_with_itself_is_whole() -> None:
    vectors = HashingEncoder().encode_passages(texts(30))
    assert agreement(vectors, vectors) == {
        "texts": 30,
        "k": 20,
        "cosine": 1.0,
        "top": 1.0,
        "top_near_ties": 1.0,
    }
    assert agreement(vectors[:1], vectors[:1])["k"] == 0


def test_agreement_counts_what_the_exact_encoder_has_near() -> None:
    found = agreement(at(0, 20.01, 20, 60), at(0, 10, 20, 60), k=1)
    assert found["top"] == 0.25
    assert found["top_near_ties"] == 0.5
    tied = agreement(at(0, 10.01, -10), at(0, 10, -10.01), k=1)
    assert tied["top"] == pytest.approx(2 / 3, abs=1e-4)
    assert tied["top_near_ties"] == 1.0


@pytest.mark.model
def test_the_bundled_model_agrees_with_sentence_transformers() -> None:
    some = [path.read_text() for path in sorted(SAMPLE.glob("**/*.md"))[:6]]
    encoder: Any = load_encoder(backend="torch", dtype="fp32")
    expected = encoder.model.network.encode(some)
    assert cosines(encoder.encode_passages(some), expected).min() > 0.999999
    if has_bf16():
        assert (
            cosines(load_encoder(backend="torch", dtype="bf16").encode_passages(some), expected).min()
            > 0.9995
        )


@pytest.mark.model
@needs_openvino
def test_the_bundled_models_first_layers_agree_with_themselves_in_fewer_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_documents(monkeypatch)
    folder = str(shallow_bundled(tmp_path / "shallow"))
    some = [path.read_text() for path in sorted(SAMPLE.glob("**/*.md"))[:6]]
    exact = load_encoder(folder, backend="torch", dtype="fp32", device="cpu")
    for dtype, least in (("fp32", 0.999999), ("int8", 0.995)):
        encoder = load_encoder(folder, backend="openvino", dtype=dtype)
        vectors = encoder.encode_passages(some)
        assert cosines(vectors, exact.encode_passages(some)).min() > least
        np.testing.assert_array_equal(encoder.encode_passages(some[4:6]), vectors[4:6])


def at(*degrees: float) -> Any:
    """Vectors at given angles in a plane."""
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def cosines(one: Any, other: Any) -> Any:
    return (unit(one) * unit(other)).sum(axis=1)
