"""Ways of telling false negatives, each a function of a trial as one or more encoders see it.

To add one, write in a file of your own

    from benchmarks.lib.detectors import Views

    def midway(views: Views) -> np.ndarray:
        pool = views.trials[0].pool
        return (pool.scores + pool.to_relevant[: len(pool.scores)]) / 2

and name it: `--contender mine.py:midway`. It returns float [Q, K], higher where a candidate is likelier to answer.
A rule that only says yes or no may return 1 where it would drop a candidate, else 0.
"""

from __future__ import annotations

import importlib.util
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.lib.hidden import Trial
from miner.data import Float64
from miner.risk import RiskModel, features
from miner.risk.model import STEEPEST


@dataclass(frozen=True)
class Views:
    """The same candidates [Q, K] of the same queries as each encoder sees them; the first found them. Pools
    hold one relevant passage a query, so `pool.to_relevant` is [Q, K] too. `risk` is a model that never saw
    the set."""

    trials: Sequence[Trial]
    risk: RiskModel


Detector = Callable[[Views], Float64]


def mean(views: Views, score: Callable[[Trial], Float64]) -> Float64:
    """A score of each encoder in standard deviations over all candidates, added up."""
    found = [score(trial) for trial in views.trials]
    if len(found) == 1:
        return found[0]
    opens = views.trials[0].open
    return np.asarray(sum((each - each[opens].mean()) / each[opens].std() for each in found))


def cosine(views: Views) -> Float64:
    """Similarity to the query."""
    return mean(views, lambda trial: trial.pool.scores.astype(np.float64))


def cosine_of_relevant(views: Views) -> Float64:
    """Similarity to the relevant passage."""
    return mean(views, lambda trial: trial.pool.to_relevant.astype(np.float64))


def sum_of_cosines(views: Views) -> Float64:
    return mean(
        views, lambda trial: trial.pool.scores.astype(np.float64) + trial.pool.to_relevant.astype(np.float64)
    )


def margin(views: Views) -> Float64:
    """sentence-transformers' relative margin and NeMo's share of the relevant passage's similarity: where a
    candidate stands between 0 and that similarity."""
    return mean(
        views, lambda trial: trial.pool.scores / np.maximum(trial.pool.relevant_scores, 0.05)[:, None]
    )


def oracle(views: Views) -> Float64:
    """Meghwani et al. 2025 (arXiv 2505.18366, equation 4): a hard negative lies nearer to the query than to the
    relevant passage."""
    return mean(views, lambda trial: trial.pool.to_relevant.astype(np.float64) - trial.pool.scores)


def risk(views: Views) -> Float64:
    """miner's risk; of several encoders the mean of its log odds."""
    found = [views.risk.logits(features(trial.pool, trial.geometry)) for trial in views.trials]
    return np.asarray(np.clip(np.mean(found, axis=0), -STEEPEST, STEEPEST))


DETECTORS: dict[str, Detector] = {
    "cosine": cosine,
    "cosine to the relevant passage": cosine_of_relevant,
    "sum of two cosines": sum_of_cosines,
    "relative margin": margin,
    "Oracle's rule": oracle,
    "miner's risk": risk,
}


@dataclass(frozen=True)
class Judge:
    """Asks a command, which reads JSON lines {"query", "relevant", "candidate"} and writes a number for each
    line, higher where the candidate is likelier to answer. Only `among` [Q, K] is asked about."""

    command: str

    def __call__(self, views: Views) -> Float64:
        trial = views.trials[0]
        asked = np.argwhere(trial.open)
        passages, queries = trial.judged.passages, trial.judged.queries
        lines = [
            json.dumps(
                {
                    "query": queries[trial.queries[i]],
                    "relevant": passages[trial.revealed[i]],
                    "candidate": passages[trial.pool.rows[i, k]],
                }
            )
            for i, k in asked.tolist()
        ]
        done = subprocess.run(
            shlex.split(self.command), input="\n".join(lines), capture_output=True, text=True, check=True
        )
        found = [float(line) for line in done.stdout.split()]
        if len(found) != len(lines):
            raise SystemExit(f"{self.command}: wrote {len(found)} numbers; expected {len(lines)}")
        out = np.zeros(trial.pool.rows.shape)
        out[tuple(asked.T)] = found
        return out


def loaded(spelling: str) -> Detector:
    """The function of 'file.py:name'."""
    path, _, name = spelling.rpartition(":")
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{spelling}: expected FILE.py:FUNCTION")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found: Detector = getattr(module, name)
    return found
