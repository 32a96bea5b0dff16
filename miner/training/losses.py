"""What is trained by: vectors or scores of what is distinct in a batch, and losses over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MarginMSELoss, MultipleNegativesRankingLoss
from torch import Tensor, nn

from miner.training.plan import IN_BATCH, KL, OWN

SCALE = 20.0
ABSENT = -1e4
"""A score below all others."""

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Queries [rows, dimensions], documents [rows, most, dimensions], labels [rows, most]; the mean over the rows."""


class LossOfDistinct(nn.Module):  # type: ignore[misc]
    """A loss over batches of DistinctTexts."""

    def __init__(self, model: SentenceTransformer, loss: Loss) -> None:
        super().__init__()
        self.model = model
        self.loss = loss

    def forward(self, chunks: Iterable[dict[str, Tensor]], label: Mapping[str, Tensor]) -> Tensor:
        """The chunks' features, and what DistinctTexts gives as the label."""
        vectors = torch.cat([self.model(features)["sentence_embedding"].float() for features in chunks])
        return self.loss(vectors[label["query"]], vectors[label["documents"]], label["labels"])

    def get_config_dict(self) -> dict[str, Any]:
        return {"scale": SCALE}


class LossOfPairs(nn.Module):  # type: ignore[misc]
    """The listwise loss over batches of DistinctPairs."""

    def __init__(self, model: CrossEncoder) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        features: Sequence[Iterable[dict[str, Tensor]]],
        label: Mapping[str, Tensor],
        prompt: None = None,
        task: None = None,
    ) -> Tensor:
        """The chunks' features, and what DistinctPairs gives as the label. Prompt and task are the collator's."""
        scores = torch.cat([self.model(chunk)["scores"].view(-1).float() for chunk in features[0]])
        return listwise(scores[label["pairs"]], label["labels"])

    def get_config_dict(self) -> dict[str, Any]:
        return {}


def own_negatives(queries: Tensor, documents: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of each relevant passage (label above 0) among itself and the row's negatives (label 0),
    cosine times SCALE.

    InfoNCE (van den Oord et al. 2018, arXiv 1807.03748) without in-batch negatives.
    """
    scores = _scores(queries, documents)
    negatives = scores.masked_fill(labels != 0, ABSENT).logsumexp(dim=-1, keepdim=True)
    return nn.functional.softplus(negatives - scores)[labels > 0].mean()


def taught(queries: Tensor, documents: Tensor, labels: Tensor) -> Tensor:
    """The listwise loss of cosines times SCALE to a teacher's scores, which are the labels.

    The Kullback-Leibler divergence up to a constant (Hinton et al. 2015, arXiv 1503.02531).
    """
    return listwise(_scores(queries, documents), labels)


def listwise(scores: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of the softmax of each row's scores to that of its labels; [rows, most], absent where a label is
    no number.

    ListNet (Cao et al. 2007, ICML, p. 129) of top-one probabilities.
    """
    absent = labels.isnan()
    return nn.functional.cross_entropy(
        scores.masked_fill(absent, ABSENT), labels.masked_fill(absent, -torch.inf).softmax(dim=-1)
    )


def loss_named(name: str, model: SentenceTransformer) -> Loss:
    """The loss of a plan; those over pairs and triples are sentence-transformers' own."""
    if name == OWN:
        return own_negatives
    if name == KL:
        return taught
    theirs: Any = (
        MultipleNegativesRankingLoss(model)
        if name == IN_BATCH
        else MarginMSELoss(model, similarity_fct=scaled_cosine)
    )

    def loss(queries: Tensor, documents: Tensor, labels: Tensor) -> Tensor:
        found: Tensor = theirs.compute_loss_from_embeddings([queries, *documents.unbind(1)], labels)
        return found

    return loss


def _scores(queries: Tensor, documents: Tensor) -> Tensor:
    return SCALE * nn.functional.cosine_similarity(queries[:, None], documents, dim=-1)


def scaled_cosine(queries: Tensor, documents: Tensor) -> Tensor:
    """SCALE times the cosines of pairs, [batch]: on the scale of a teacher's logits."""
    return SCALE * nn.functional.cosine_similarity(queries.float(), documents.float(), dim=-1)
