"""Train, judge and use rerankers."""

from miner.reranking.score import Ranked, Reranker, rank
from miner.reranking.store import load_reranker

__all__ = ["Ranked", "Reranker", "load_reranker", "rank"]
