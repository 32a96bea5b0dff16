"""Judgments of whether a passage answers a query: what they are, and the files that keep them."""

from miner.judgments.known import KnownJudgments
from miner.judgments.read import read_judgments
from miner.judgments.record import PERSON, VERDICTS, Judgment, JudgmentBook, Pair, Verdict
from miner.judgments.store import JUDGMENTS, JudgmentStore

__all__ = [
    "JUDGMENTS",
    "PERSON",
    "VERDICTS",
    "Judgment",
    "JudgmentBook",
    "JudgmentStore",
    "KnownJudgments",
    "Pair",
    "Verdict",
    "read_judgments",
]
