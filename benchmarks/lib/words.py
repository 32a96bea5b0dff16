"""Words as evidence, weighed by how rare they are in the corpus: two features of every candidate of a trial."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.lib.hidden import Trial
from miner.data import Float64, Int64
from miner.risk.features import standing
from miner.text.tokens import TokenLine


class Vocabulary:
    """The words of texts as numbers."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def read(self, text: str) -> Int64:
        """The distinct words of a text."""
        line = TokenLine(text)
        found = {self.numbers.setdefault(word, len(self.numbers)) for word in line.words(0, len(line))}
        return np.fromiter(found, np.int64, len(found))


def rarity(passages: Sequence[Int64], size: int) -> Float64:
    """[size] squared inverse document frequency of each word (Spärck Jones 1972)."""
    counts = np.bincount(np.concatenate(passages), minlength=size)
    return np.asarray(np.log((len(passages) + 1) / np.maximum(counts, 1)) ** 2)


def word_features(trial: Trial) -> Float64:
    """[Q, K, 2] in the pool's deviations from its mean: the share of the query's words that a candidate holds, and
    of the relevant passage's beyond the query's, both weighed by their rarity."""
    judged, vocabulary = trial.judged, Vocabulary()
    passages = [vocabulary.read(text) for text in judged.passages]
    queries = [vocabulary.read(judged.queries[query]) for query in trial.queries]
    weights = rarity(passages, len(vocabulary.numbers))
    out = np.zeros((2, *trial.pool.rows.shape))
    for i, (asked, shown) in enumerate(zip(queries, trial.revealed.tolist(), strict=True)):
        beyond = np.setdiff1d(passages[shown], asked)
        for feature, wanted in zip(out, (asked, beyond), strict=True):
            table = np.zeros(len(weights))
            table[wanted] = weights[wanted]
            held = [table[passages[row]].sum() for row in trial.pool.rows[i].tolist()]
            feature[i] = np.array(held) / max(float(table.sum()), 1e-9)
    return np.stack([standing(each, trial.open) for each in out], axis=-1)
