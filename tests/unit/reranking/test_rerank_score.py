from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import CrossEncoder, SentenceTransformer

from miner.errors import ModelError, ModelNotFound
from miner.models.load import load_cross_encoder, load_sentence_transformer
from miner.reranking import Reranker, load_reranker, rank
from miner.reranking.metrics import judge
from miner.reranking.score import BiReranker, CombinedReranker, CrossReranker, standardise
from miner.reranking.store import save_reranker
from miner.reranking.tasks import BLOCK, Task, measure
from tests.support.tiny_models import make_cross_encoder, make_encoder

QUERY = "k1 w2"
DOCUMENTS = ["v1 w3", "v2 w2 w9", "k1 w2", "v1 w3", ""]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("models") / "encoder")


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cross_encoder(tmp_path_factory.mktemp("models") / "cross")


def test_an_encoder_scores_by_cosine(encoder: Path) -> None:
    model = SentenceTransformer(str(encoder), device="cpu")
    expected = model.similarity(model.encode([QUERY]), model.encode(DOCUMENTS)).numpy()[0]
    scores = load_reranker(encoder).score(QUERY, DOCUMENTS)
    assert scores.dtype == np.float32
    assert scores == pytest.approx(expected, abs=1e-5)
    assert scores[2] == pytest.approx(1)


def test_a_cross_encoder_scores_by_logit(cross_encoder: Path) -> None:
    model = CrossEncoder(str(cross_encoder), device="cpu")
    expected = model.predict([(QUERY, text) for text in DOCUMENTS])
    reranker = load_reranker(cross_encoder)
    scores = reranker.score(QUERY, DOCUMENTS)
    assert reranker.relevance(scores) == pytest.approx(expected, abs=1e-5)
    assert not np.allclose(scores, expected)


def test_many_queries_at_once_score_as_each_alone(encoder: Path, cross_encoder: Path) -> None:
    requests = [(QUERY, DOCUMENTS), ("v3 w1", []), ("v2", ["k2", "v2 w1"]), (QUERY, DOCUMENTS[:1])]
    for reranker in (load_reranker(encoder), load_reranker(cross_encoder)):
        together = reranker.score_all(requests)
        assert [len(scores) for scores in together] == [5, 0, 2, 1]
        for scores, request in zip(together, requests, strict=True):
            assert scores == pytest.approx(reranker.score(*request), abs=1e-5)
    assert load_reranker(encoder).score_all([]) == []


def test_equal_documents_score_exactly_the_same(encoder: Path) -> None:
    scores = load_reranker(encoder).score(QUERY, DOCUMENTS)
    assert scores[0] == scores[3]


def test_documents_that_many_tasks_share_are_encoded_once(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reranker = load_reranker(encoder)
    tasks = [Task(f"{QUERY} v{number}", (*DOCUMENTS, f"k{number}"), 1) for number in range(3 * BLOCK)]
    assert isinstance(reranker, BiReranker)
    scores = reranker.score_all([(task.query, task.documents) for task in tasks])
    expected = [judge(score, task.mask) for score, task in zip(scores, tasks, strict=True)]
    read: list[str] = []
    encode = reranker.model.encode_document

    def counted(texts: list[str], **options: object) -> object:
        read.extend(texts)
        return encode(texts, **options)

    monkeypatch.setattr(reranker.model, "encode_document", counted)
    assert measure(tasks, reranker) == pytest.approx(np.array(expected))
    assert len(read) == len({text for task in tasks for text in task.documents})


def test_a_combined_reranker_adds_what_both_say_in_deviations(encoder: Path, cross_encoder: Path) -> None:
    cross, bi = load_cross_encoder(cross_encoder), load_sentence_transformer(encoder)
    combined = CombinedReranker(CrossReranker(cross), BiReranker(bi))
    parts = [standardise(part.score(QUERY, DOCUMENTS)) for part in (CrossReranker(cross), BiReranker(bi))]
    assert combined.score(QUERY, DOCUMENTS) == pytest.approx(parts[0] + parts[1], abs=1e-5)


def test_standardising_gives_mean_nought_and_deviation_one() -> None:
    scores = standardise(np.array([1, 2, 3, 4], np.float32))
    assert (scores.mean(), scores.std()) == pytest.approx((0, 1), abs=1e-6)
    assert standardise(np.array([2, 2], np.float32)).tolist() == [0, 0]
    assert standardise(np.empty(0, np.float32)).tolist() == []


@pytest.mark.parametrize("arch", ["bi", "cross", "combined"])
def test_a_saved_reranker_scores_the_same(
    arch: str, encoder: Path, cross_encoder: Path, tmp_path: Path
) -> None:
    bi = BiReranker(load_sentence_transformer(encoder, max_length=32))
    cross = CrossReranker(load_cross_encoder(cross_encoder, max_length=48))
    rerankers: list[Reranker] = [bi, cross, CombinedReranker(cross, bi)]
    reranker = next(each for each in rerankers if each.arch == arch)
    save_reranker(reranker, tmp_path / "model")
    loaded = load_reranker(tmp_path / "model")
    assert (loaded.arch, loaded.max_length) == (arch, 32 if arch == "bi" else 48)
    assert loaded.score(QUERY, DOCUMENTS) == pytest.approx(reranker.score(QUERY, DOCUMENTS))


def test_a_saved_encoder_loads_in_sentence_transformers(encoder: Path, tmp_path: Path) -> None:
    save_reranker(BiReranker(load_sentence_transformer(encoder, max_length=32)), tmp_path / "model")
    assert SentenceTransformer(str(tmp_path / "model"), device="cpu").max_seq_length == 32


def test_texts_are_cut_at_the_length_asked_for(encoder: Path) -> None:
    reranker = load_reranker(encoder, max_length=4)
    scores = reranker.score("k1 w1", ["v1 w1", "v1 w1 w2 w3 w4 w5"])
    assert scores[0] == pytest.approx(scores[1])
    assert load_reranker(encoder, max_length=5_000).max_length == 96


def test_ranking_puts_the_best_first_and_keeps_the_order_of_equals(encoder: Path) -> None:
    reranker = load_reranker(encoder)
    (ranked,) = rank(reranker, [(QUERY, DOCUMENTS)])
    assert ranked[0].index == 2
    assert [place.score for place in ranked] == sorted((place.score for place in ranked), reverse=True)
    order = [place.index for place in ranked]
    assert order.index(0) + 1 == order.index(3)
    assert [len(places) for places in rank(reranker, [(QUERY, DOCUMENTS), ("a", [])], top=2)] == [2, 0]


def test_relevance_lies_between_nought_and_one_and_keeps_the_order(
    encoder: Path, cross_encoder: Path
) -> None:
    bi, cross = (
        BiReranker(load_sentence_transformer(encoder)),
        CrossReranker(load_cross_encoder(cross_encoder)),
    )
    for reranker in (bi, cross, CombinedReranker(cross, bi)):
        relevance = reranker.relevance(np.array([-1, -0.5, 0, 0.5, 1], np.float32))
        assert (np.diff(relevance) > 0).all()
        assert relevance.min() >= 0
        assert relevance.max() <= 1


def test_weights_that_are_not_numbers_are_told(encoder: Path) -> None:
    model = load_sentence_transformer(encoder)
    next(model.parameters()).data.fill_(float("nan"))
    with pytest.raises(ModelError, match="not numbers"):
        BiReranker(model).score(QUERY, DOCUMENTS)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"holds no \*\.safetensors"):
        load_reranker(tmp_path)


def test_a_name_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="no such folder"):
        load_reranker(tmp_path / "absent")


def test_a_model_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["BertForTokenClassification"]}))
    with pytest.raises(ModelError, match="holds BertForTokenClassification; expected"):
        load_reranker(tmp_path)
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps({"model_type": "SparseEncoder"}))
    with pytest.raises(ModelError, match="holds a SparseEncoder; expected"):
        load_reranker(tmp_path)


def test_a_classifier_of_several_classes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    config = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "no", "1": "yes"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="classifier with 2 outputs; expected a cross-encoder with one"):
        load_reranker(tmp_path)


def test_a_damaged_model_is_told(encoder: Path, tmp_path: Path) -> None:
    save_reranker(BiReranker(load_sentence_transformer(encoder)), tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"x" * 64)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_reranker(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 9, "arch": "bi"}', '{"format": 1, "arch": "tri"}'])
def test_a_description_that_cannot_be_understood_is_told(encoder: Path, tmp_path: Path, text: str) -> None:
    save_reranker(BiReranker(load_sentence_transformer(encoder)), tmp_path)
    (tmp_path / "reranker.json").write_text(text)
    with pytest.raises(ModelError, match=r"reranker\.json"):
        load_reranker(tmp_path)
