"""The loss that sentence-transformers lacks: a query against its own documents alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

SCALE = 20.0


class OwnNegativesLoss(nn.Module):  # type: ignore[misc]
    """Cross entropy of the relevant passage among itself and the row's negatives, cosine times SCALE.

    InfoNCE (van den Oord et al. 2018, arXiv 1807.03748) without in-batch negatives. With labels, a teacher's
    scores of these documents as logits, the cross entropy to their softmax instead, which is the Kullback-Leibler
    divergence up to a constant (Hinton et al. 2015, arXiv 1503.02531).
    """

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor | None) -> Tensor:
        """sentence_features: query, relevant passage, negatives; labels [batch, documents] or None. Returns the
        mean over the batch."""
        vectors = [
            nn.functional.normalize(self.model(features)["sentence_embedding"].float(), dim=-1)
            for features in sentence_features
        ]
        documents = torch.stack(vectors[1:], dim=1)
        scores = SCALE * torch.einsum("bd,bnd->bn", vectors[0], documents)
        if labels is None or labels.dim() != 2:
            return nn.functional.cross_entropy(scores, scores.new_zeros(len(scores), dtype=torch.long))
        return nn.functional.cross_entropy(scores, labels.float().softmax(dim=-1))

    def get_config_dict(self) -> dict[str, Any]:
        return {"scale": SCALE}


def scaled_cosine(queries: Tensor, documents: Tensor) -> Tensor:
    """SCALE times the cosines of pairs, [batch]: on the scale of a teacher's logits."""
    return SCALE * nn.functional.cosine_similarity(queries.float(), documents.float(), dim=-1)
