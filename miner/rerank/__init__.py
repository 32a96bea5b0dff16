"""Train, judge and use rerankers."""

from miner.rerank.score import Ranked, Reranker, rank
from miner.rerank.store import load_reranker

__all__ = ["Ranked", "Reranker", "load_reranker", "rank"]
