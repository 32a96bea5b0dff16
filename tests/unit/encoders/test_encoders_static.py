"""Static embeddings, and models that want an instruction before a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from miner.data import Passage, Query
from miner.encoders.load import load_encoder
from miner.errors import ModelError
from miner.index import build_index, open_index
from miner.mining.in_memory import mine_in_memory
from miner.mining.recipe import Recipe
from miner.models.load import is_static
from miner.training.plan import TrainSettings
from miner.training.train import train
from tests.support import encoders, tiny_models
from tests.support.static_models import make_static


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_static(tmp_path_factory.mktemp("models") / "static")


def test_a_static_model_gives_what_it_gives_there(static: Path) -> None:
    some = [*encoders.texts(30), "a1 unknown"]
    theirs = SentenceTransformer(str(static), device="cpu").encode(some, normalize_embeddings=True)
    for encoder in (
        load_encoder(str(static), backend="torch", dtype="fp32", device="cpu"),
        load_encoder(SentenceTransformer(str(static), device="cpu")),
    ):
        np.testing.assert_allclose(encoder.encode_passages(some), theirs, atol=1e-5)
        alone = np.concatenate([encoder.encode_passages([text]) for text in some[:5]])
        np.testing.assert_array_equal(alone, encoder.encode_passages(some)[:5])


def test_a_static_model_takes_many_texts_at_once_and_gives_the_same_bits(
    static: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, some = load_encoder(str(static), backend="torch", dtype="fp32", device="cpu"), encoders.texts(50)
    calls, own = list[int](), SentenceTransformer.encode_document

    def counted(self: SentenceTransformer, texts: list[str], **options: object) -> object:
        calls.append(len(texts))
        return own(self, texts, **options)

    monkeypatch.setattr(SentenceTransformer, "encode_document", counted)
    whole = encoder.encode_passages(some)
    assert calls == [50]
    monkeypatch.setattr("miner.encoders.torch_encoder.STATIC_TEXTS", 7)
    for order in (np.arange(50), np.random.default_rng(0).permutation(50)):
        np.testing.assert_array_equal(encoder.encode_passages([some[i] for i in order]), whole[order])


def test_an_index_of_a_static_model_is_mined(static: Path, tmp_path: Path) -> None:
    passages = [Passage(str(i), text) for i, text in enumerate(encoders.texts(40))]
    build_index(passages, tmp_path / "index", str(static))
    queries = [Query("a1 b2 c3", (passages[0].text,))]
    mined = mine_in_memory(queries, [open_index(tmp_path / "index")], Recipe(filters=()))
    assert len(mined[0].negatives) == 5


def test_a_static_model_cannot_be_trained_and_says_so(static: Path, tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="the extra 'train' is not installed")
    rows = tiny_models.write(tmp_path / "rows.jsonl", tiny_models.make_rows(24))
    with pytest.raises(
        ModelError, match="is a static model, which cannot be trained; expected a transformer"
    ):
        train(rows, tmp_path / "model", settings=TrainSettings(model=str(static)))
    assert is_static(static)
    assert not (tmp_path / "model").exists()


E5 = {"query": "a1 a2 ", "document": "b1 "}
QWEN = {"query": "c1 c2 c3 a1\na2 ", "document": ""}
BGE = {"query": "d1 d2 d3 "}


@pytest.mark.parametrize("prompts", [E5, QWEN, BGE], ids=["e5", "qwen", "bge"])
def test_instructions_of_a_model_s_own_files_are_put_before_texts(
    prompts: dict[str, str], tmp_path: Path
) -> None:
    folder = encoders.make_model(tmp_path / "model", prompts=prompts)
    encoder, some = load_encoder(str(folder), backend="torch", dtype="fp32", device="cpu"), encoders.texts(12)
    bare = load_encoder(
        str(folder), backend="torch", dtype="fp32", device="cpu", query_prompt="", document_prompt=""
    )
    of_documents = prompts.get("document") or prompts.get("passage") or ""
    given = ((encoder.encode_queries, prompts["query"]), (encoder.encode_passages, of_documents))
    for encode, prompt in given:
        expected = bare.encode_passages([prompt + text for text in some])
        np.testing.assert_array_equal(encode(some), expected)
    network = SentenceTransformer(str(folder), device="cpu")
    theirs = network.encode_query(some, normalize_embeddings=True)
    np.testing.assert_allclose(encoder.encode_queries(some), theirs, atol=1e-5)
    np.testing.assert_array_equal(load_encoder(network).encode_queries(some), encoder.encode_queries(some))
