from __future__ import annotations

from typing import Any

import pytest
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers.cross_encoder import CrossEncoderTrainer
from sentence_transformers.cross_encoder.losses import ListNetLoss

from miner.training.collate import CHUNK, DistinctPairs, DistinctTexts
from miner.training.losses import SCALE, LossOfDistinct, LossOfPairs, own_negatives, taught
from tests.support.tiny_models import make_cross_encoder, make_encoder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SentenceTransformer:
    folder = make_encoder(tmp_path_factory.mktemp("model") / "encoder")
    return SentenceTransformer(str(folder), device="cpu").eval()


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoder:
    folder = make_cross_encoder(tmp_path_factory.mktemp("model") / "cross")
    return CrossEncoder(str(folder), device="cpu").eval()


def collated(model: SentenceTransformer, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Any]:
    """Chunks and label, as the trainer hands them to the loss."""
    found: tuple[list[dict[str, Any]], Any] = SentenceTransformerTrainer.collect_features(
        None, DistinctTexts.of(model)(rows)
    )
    return found


def vectors(model: SentenceTransformer, chunks: list[dict[str, Any]]) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([model(dict(chunk))["sentence_embedding"] for chunk in chunks])


def test_a_text_that_comes_twice_is_embedded_once_and_each_row_finds_its_own(
    model: SentenceTransformer,
) -> None:
    rows = [
        {"query": "k1", "documents": ["v1 w1", "v2"], "labels": [1.0, 0.0]},
        {"query": "k2", "documents": ["v2", "v1 w1"], "labels": [1.0, 0.0]},
    ]
    chunks, label = collated(model, rows)
    assert [len(chunk["input_ids"]) for chunk in chunks] == [2, 2]
    found = vectors(model, chunks)
    for row, query, places in zip(rows, label["query"], label["documents"], strict=True):
        expected = torch.tensor(model.encode([row["query"], *row["documents"]]))
        assert torch.allclose(found[[int(query), *places.tolist()]], expected, atol=1e-5)


def test_texts_are_padded_to_their_neighbours_in_length_alone(model: SentenceTransformer) -> None:
    documents = [" ".join(["w1"] * (1 + i % 2 * 20) + [f"v{i}"]) for i in range(2 * CHUNK)]
    chunks, _ = collated(model, [{"anchor": "k1", "positive": documents[0], "negative": documents[1:]}])
    assert [chunk["input_ids"].shape[0] for chunk in chunks] == [1, CHUNK, CHUNK]
    short, long = (chunk["input_ids"].shape[1] for chunk in chunks[1:])
    assert short < 10 < long


def test_a_model_is_trained_with_the_prompts_that_it_is_asked_with(model: SentenceTransformer) -> None:
    model.prompts = {"query": "w1 w2 ", "passage": "w3 "}
    try:
        chunks, label = collated(model, [{"anchor": "k1", "positive": "v1"}])
        found = vectors(model, chunks)
        asked = torch.stack(
            [torch.tensor(model.encode_query("k1")), torch.tensor(model.encode_document("v1"))]
        )
    finally:
        model.prompts = {}
    places = [int(label["query"][0]), int(label["documents"][0, 0])]
    assert torch.allclose(found[places], asked, atol=1e-5)


def test_the_loss_of_own_negatives_is_that_of_a_hand_computed_softmax_for_each_relevant_passage(
    model: SentenceTransformer,
) -> None:
    rows: list[dict[str, Any]] = [
        {"query": "k1 w1", "documents": ["v1 w3", "v4 w4", "v5 w1", "v6"], "labels": [10.0, 10.0, 0.0, 0.0]},
        {"query": "k2 w2", "documents": ["v2 w4", "v5 w1"], "labels": [10.0, 0.0]},
    ]
    with torch.no_grad():
        found = LossOfDistinct(model, own_negatives)(*collated(model, rows))
    expected = []
    for row in rows:
        query, *documents = model.encode([row["query"], *row["documents"]], normalize_embeddings=True)
        scores = torch.tensor([SCALE * float(query @ document) for document in documents])
        relevant = torch.tensor(row["labels"]) > 0
        expected += [
            -torch.cat([score[None], scores[~relevant]]).log_softmax(0)[0] for score in scores[relevant]
        ]
    assert found.item() == pytest.approx(torch.stack(expected).mean().item(), abs=1e-4)


def test_the_loss_of_a_teacher_is_least_where_its_softmax_is_had(model: SentenceTransformer) -> None:
    rows = [
        {"query": "k1", "documents": ["v1", "v2 w2"]},
        {"query": "k2", "documents": ["v3", "v4", "v5 w1"]},
    ]
    own = []
    for row in rows:
        query, *documents = model.encode([row["query"], *row["documents"]], normalize_embeddings=True)
        own.append([SCALE * float(query @ document) for document in documents])

    def loss(scores: list[list[float]]) -> float:
        labelled = [row | {"labels": values} for row, values in zip(rows, scores, strict=True)]
        with torch.no_grad():
            return float(LossOfDistinct(model, taught)(*collated(model, labelled)))

    entropy = torch.stack(
        [torch.distributions.Categorical(logits=torch.tensor(x)).entropy() for x in own]
    ).mean()
    assert loss(own) == pytest.approx(float(entropy), abs=1e-4)
    assert loss([[x + 1 for x in values] for values in own]) == pytest.approx(float(entropy), abs=1e-4)
    assert loss([[-x for x in values] for values in own]) > entropy + 0.01


LISTS: list[dict[str, Any]] = [
    {"query": "k1 w1", "documents": ["v1 w3", "v4 w4", "v5 w1", "v4 w4"], "labels": [10.0, 10.0, 0.0, 0.0]},
    {"query": "k2 w2", "documents": ["v2 w4 " + "w5 " * 12, "v5 w1"], "labels": [3.5, -1.0]},
]


def test_lists_of_a_cross_encoder_lose_what_sentence_transformers_list_net_says(cross: CrossEncoder) -> None:
    with torch.no_grad():
        features, label = CrossEncoderTrainer.collect_features(None, DistinctPairs.of(cross)(LISTS))
        found = LossOfPairs(cross)(features, label)
        expected = ListNetLoss(cross, mini_batch_size=-1)(
            [[row["query"] for row in LISTS], [row["documents"] for row in LISTS]],
            [torch.tensor(row["labels"]) for row in LISTS],
        )
    assert found.item() == pytest.approx(expected.item(), abs=1e-5)


def test_a_pair_that_comes_twice_is_read_once_and_long_pairs_apart_from_short_ones(
    cross: CrossEncoder,
) -> None:
    documents = [" ".join(["w1"] * (1 + i % 2 * 20) + [f"v{i}"]) for i in range(2 * CHUNK)]
    row = {"query": "k1", "documents": [*documents, documents[0]], "labels": [0.0] * (2 * CHUNK + 1)}
    batch = DistinctPairs.of(cross)([row])
    sizes = [chunk["input_ids"].shape for chunk in batch["chunks"]]
    assert [pairs for pairs, _ in sizes] == [CHUNK, CHUNK]
    assert sizes[0][1] < 12 < sizes[1][1]
    places = batch["label"]["pairs"][0]
    assert places[0] == places[-1]
    assert len(set(places.tolist())) == 2 * CHUNK


def test_a_cross_encoder_is_trained_with_the_prompt_that_it_is_asked_with(cross: CrossEncoder) -> None:
    cross.prompts, cross.default_prompt_name = {"rank": "w1 w2 "}, "rank"
    try:
        batch = DistinctPairs.of(cross)(LISTS[1:])
        asked = cross.predict([("k2 w2", "v5 w1")], activation_fn=torch.nn.Identity())
    finally:
        cross.prompts, cross.default_prompt_name = {}, None
    with torch.no_grad():
        found = torch.cat([cross(chunk)["scores"].view(-1) for chunk in batch["chunks"]])
    assert float(found[batch["label"]["pairs"][0, 1]]) == pytest.approx(float(asked[0]), abs=1e-5)
