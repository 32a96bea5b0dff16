"""The models of a training run: what it begins with, untouched and about to be trained, and how it is to be trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from miner.data import Row
from miner.models.load import Kind, load_cross_encoder, load_sentence_transformer, longest
from miner.models.locate import Located
from miner.reranking.score import BiReranker, CombinedReranker, CrossReranker, Reranker, keeping
from miner.training.plan import TrainPlan, TrainSettings, make_plan


def plan_for(base: Located, kind: Kind, rows: Sequence[Row], settings: TrainSettings) -> TrainPlan:
    """The plan for these rows, with lengths counted by the base model's own tokenizer."""
    model = load_sentence_transformer(base) if kind is Kind.ENCODER else load_cross_encoder(base)

    def count(texts: Sequence[str]) -> list[int]:
        tokens = model.tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [len(ids) for ids in tokens["input_ids"]]

    return make_plan(rows, settings, kind, count, longest(model))


def untouched(base: Located, plan: TrainPlan) -> Reranker:
    """The model that training begins with, as a reranker cut at the plan's length."""
    if plan.arch == "cross":
        return CrossReranker(load_cross_encoder(base, max_length=plan.max_length))
    return BiReranker(load_sentence_transformer(base, max_length=plan.max_length))


def begin(base: Located, plan: TrainPlan) -> tuple[Reranker, Any]:
    """The reranker to be and the model in it that is trained."""
    import torch

    if plan.arch == "bi":
        encoder = load_sentence_transformer(base, max_length=plan.max_length)
        return BiReranker(encoder), encoder
    torch.manual_seed(plan.seed)
    cross = load_cross_encoder(base, max_length=plan.max_length, from_encoder=True)
    alone = CrossReranker(cross)
    if plan.arch == "cross":
        return alone, cross
    beside = BiReranker(load_sentence_transformer(base, max_length=plan.max_length))
    return CombinedReranker(alone, keeping(beside)), cross
