"""Encoders out of objects: what is taken, that it gives what the object gives, and how mistakes are told."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from miner import build_index, mine, open_index
from miner.data import Passage, Query
from miner.encoders import Encoder, HashingEncoder
from miner.encoders.functions import BATCH
from miner.encoders.load import load_encoder
from miner.errors import ConfigError, IndexMismatch, ModelError
from miner.progress import ticking
from tests.support.encoders import PROMPTS, make_model, texts


def vector(text: str) -> list[float]:
    return [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[:12]]


def embed(some: Sequence[str]) -> list[list[float]]:
    return [vector(text) for text in some]


class Documents:
    """An object as LangChain's embeddings are."""

    def embed_documents(self, some: list[str]) -> list[list[float]]:
        return embed(some)

    def embed_query(self, text: str) -> list[float]:
        return vector(f"query: {text}")


class Encodes:
    """An object with one method, as many libraries have."""

    def encode(self, sentences: list[str]) -> Any:
        return np.array(embed(sentences), np.float64)


class Both:
    """An object that tells queries from documents."""

    def encode_document(self, some: list[str]) -> Any:
        return np.array(embed(some))

    def encode_query(self, some: list[str]) -> Any:
        return np.array(embed([f"query: {text}" for text in some]))

    def encode(self, some: list[str]) -> Any:
        raise AssertionError


@pytest.mark.parametrize(
    "thing", [embed, Documents(), Encodes(), Both()], ids=lambda thing: type(thing).__name__
)
def test_functions_and_objects_give_their_own_vectors_in_length_one(thing: Any) -> None:
    encoder = load_encoder(thing, name="mine v2")
    some = [*texts(70), "twice", "twice"]
    expected = np.array(embed(some)) / np.linalg.norm(embed(some), axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.encode_passages(some), expected, rtol=1e-6)
    assert encoder.encode_passages([]).shape == (0, 12)
    asked = [f"query: {text}" if isinstance(thing, Documents | Both) else text for text in some]
    np.testing.assert_array_equal(encoder.encode_queries(some), encoder.encode_passages(asked))
    assert encoder.fingerprint == {"backend": "function", "model": "mine v2"}
    assert pickle.loads(pickle.dumps(encoder)).encode_queries(["a"]).shape == (1, 12)


def test_a_function_is_handed_few_texts_at_once_each_of_them_once() -> None:
    calls, told = list[list[str]](), list[int]()

    def counted(some: list[str]) -> list[list[float]]:
        calls.append(some)
        return embed(some)

    many = texts(3 * BATCH)
    with ticking(told.append, len(many)):
        load_encoder(counted, name="counted").encode_passages([*many, *many[::-1]])
    assert [len(call) for call in calls] == [BATCH] * 3
    assert told == [BATCH] * 3


def test_an_index_of_a_function_is_mined_with_it_and_not_with_another(
    tmp_path: Path, passages: list[Passage], queries: list[Query]
) -> None:
    build_index(passages, tmp_path / "index", load_encoder(embed, name="mine v2"))
    index = open_index(tmp_path / "index")
    assert len(mine(queries[:3], index, encoder=load_encoder(embed, name="mine v2"))) == 3
    with pytest.raises(IndexMismatch, match="model is 'mine v2' there and 'mine v3' here"):
        mine(queries[:3], index, encoder=load_encoder(embed, name="mine v3"))
    with pytest.raises(ModelError, match="'mine v2' of backend 'function', which cannot be loaded by name"):
        mine(queries[3:], index)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny", prompts=PROMPTS)


def test_a_loaded_model_gives_what_its_folder_gives(folder: Path) -> None:
    network = SentenceTransformer(str(folder), device="cpu")
    network.train()
    ours, named = (
        load_encoder(network, name="tiny"),
        load_encoder(str(folder), backend="torch", dtype="fp32", device="cpu"),
    )
    some = texts(40)
    np.testing.assert_array_equal(ours.encode_passages(some), named.encode_passages(some))
    np.testing.assert_array_equal(ours.encode_queries(some), named.encode_queries(some))
    np.testing.assert_allclose(
        ours.encode_queries(some), network.encode_query(some, normalize_embeddings=True), atol=1e-5
    )
    assert ours.fingerprint["backend"] == "object"
    assert ours.fingerprint["query_prompt"] == PROMPTS["query"]


def test_the_fingerprint_of_a_loaded_model_is_what_it_holds(folder: Path) -> None:
    import torch

    first, second = (SentenceTransformer(str(folder), device="cpu") for _ in range(2))
    assert load_encoder(first).fingerprint == load_encoder(second).fingerprint
    with torch.no_grad():
        next(second.parameters()).add_(0.01)
    assert load_encoder(first).fingerprint != load_encoder(second).fingerprint
    second = SentenceTransformer(str(folder), device="cpu")
    second.max_seq_length = 17
    assert load_encoder(first).fingerprint != load_encoder(second).fingerprint
    prompted = load_encoder(first, query_prompt="ask: ")
    assert prompted.fingerprint["query_prompt"] == "ask: "


def ragged(some: list[str]) -> list[list[float]]:
    return [vector(text)[: 3 + i] for i, text in enumerate(some)]


def unstable(some: list[str]) -> Any:
    return np.ones((len(some), 3 + len(some)))


MISTAKES = [
    (3, "the encoder is of type int; expected the name or folder of a model, a SentenceTransformer"),
    (Encodes, "the encoder is the class Encodes; expected the name or folder"),
    (embed, "an encoder that is of type function needs a name"),
    (Encodes(), "an encoder that is of type Encodes needs a name"),
    ({"model": "x"}, "the encoder is of type dict; expected"),
]


@pytest.mark.parametrize(("given", "message"), MISTAKES)
def test_what_is_no_encoder_is_told_in_a_sentence(given: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_encoder(given)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_options_of_names_are_not_taken_for_objects(folder: Path) -> None:
    with pytest.raises(ConfigError, match="are for a model by name; this one is loaded"):
        load_encoder(embed, name="x", device="cpu")
    with pytest.raises(ConfigError, match="the name of an encoder is blank"):
        load_encoder(embed, name=" ")


@pytest.mark.parametrize(("function", "message"), [
    (lambda some: embed(some)[:-1], r"x: gave an array \[2, 12\] for 3 texts; expected a row each"),
    (lambda some: "no", "x: gave str for texts; expected rows of numbers"),
    (lambda some: None, "x: gave NoneType for texts; expected rows of numbers"),
    (ragged, "x: gave list for texts; expected rows of numbers"),
    (lambda some: [[float("nan")] * 4 for _ in some], "x: gave a vector that is not finite for 'b'"),
    (lambda some: np.ones(3), r"x: gave an array \[3\] for 3 texts"),
])  # fmt: skip
def test_an_answer_that_is_no_vectors_is_told_in_a_sentence(function: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_encoder(function, name="x").encode_passages(["b", "c", "d"])


def test_a_function_that_changes_its_dimension_is_told_in_a_sentence() -> None:
    encoder = load_encoder(unstable, name="x")
    encoder.encode_passages(["b", "c", "d"])
    with pytest.raises(ModelError, match="x: gave vectors of 4 numbers; expected 6 as before"):
        encoder.encode_passages(["b"])


def test_an_encoder_of_ones_own_is_taken_as_it_is() -> None:
    own: Encoder = HashingEncoder(64)
    assert load_encoder(own) is own
