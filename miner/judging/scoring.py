"""Judges that score: a passage answers if it scores as well as the query's relevant passages do.

The median of the relevant passages is the measure, as in denoising (RocketQA, arXiv 2010.08191, section 4.2):
scores of one model mean something else for every query and every corpus.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from miner.endpoints import Caller, CallPlan, Meter, Patience, estimated_tokens
from miner.endpoints.cohere_client import CohereClient
from miner.errors import ConfigError
from miner.judging.base import JudgeSpec, Opinion
from miner.judging.language_model import grouped
from miner.judgments import Pair
from miner.mining.teacher import PairScorer
from miner.models.cross_encoder import CrossEncoderScorer

AT_ONCE = 100
"""Passages of one query that a call to a reranker holds, at most."""
LOCAL = 256
"""Pairs that a model on this machine scores before they are passed on."""


def by_score(score: float, relevant: Sequence[float], margin: float) -> Opinion:
    """'answers' above the relevant passages' median m less margin · |m|, else 'no'; unsure without any."""
    if not relevant:
        return Opinion("unsure", score, "no relevant passage to compare with")
    median = float(np.median(relevant))
    return Opinion("answers" if score > median - margin * abs(median) else "no", round(score, 6))


@dataclass(frozen=True, repr=False)
class RerankerJudge(JudgeSpec):
    """Cohere's reranker or any server with /v2/rerank; `margin` is how far below the relevant passages' median
    score still counts, as a share of it; `key` names the environment variable with the key."""

    name: ClassVar[str] = "cohere"

    model: str
    base_url: str | None = None
    key: str | None = None
    margin: float = 0.0
    parallel: int = 4
    timeout: float = 120.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.parallel < 1:
            raise ConfigError(f"cohere: parallel is {self.parallel}; expected 1 or more")

    @property
    def by(self) -> str:
        where = "" if self.base_url is None else f", base_url={self.base_url!r}"
        return f"cohere(model={self.model!r}{where})"

    @property
    def question(self) -> str:
        return f"margin {self.margin:g}"

    @cached_property
    def meter(self) -> Meter:
        return Meter()

    @cached_property
    def _client(self) -> CohereClient:
        return CohereClient(self.base_url, self.key, self._patience, self.meter)

    @property
    def _patience(self) -> Patience:
        return Patience(parallel=self.parallel, timeout=self.timeout)

    def plan(self, pairs: Sequence[Pair]) -> CallPlan | None:
        calls, address = list(grouped(pairs, AT_ONCE)), self._client.address
        texts = [[*_relevant(call), *(pair.passage for pair in call)] for call in calls]
        tokens = sum(
            estimated_tokens(call[0].query) * len(shown) + sum(map(estimated_tokens, shown))
            for call, shown in zip(calls, texts, strict=True)
        )
        count = sum(map(len, texts))
        return CallPlan(address.host, "to score", count, len(calls), tokens, 0, self.tariff, address.local)

    def opinions(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Opinion]]:
        client = self._client.open()
        caller = Caller(client.address.host, self._ask, self._patience, self.meter)
        for call, found in caller.run(list(grouped(pairs, AT_ONCE))):
            yield from zip(call, found, strict=True)

    def _ask(self, call: list[Pair]) -> list[Opinion]:
        known = _relevant(call)
        scores = self._client.rerank(self.model, call[0].query, [*known, *(p.passage for p in call)])
        score_of = dict(zip(known, scores, strict=False))
        return [
            by_score(score, [score_of[text] for text in pair.relevant], self.margin)
            for pair, score in zip(call, scores[len(known) :], strict=True)
        ]


@dataclass(frozen=True, repr=False)
class CrossEncoderJudge(JudgeSpec):
    """A cross-encoder on this machine: a folder or hub name; `margin` as for cohere."""

    name: ClassVar[str] = "cross_encoder"

    model: str
    margin: float = 0.0
    device: str | None = None

    @property
    def by(self) -> str:
        return f"cross_encoder(model={self.model!r})"

    @property
    def question(self) -> str:
        return f"margin {self.margin:g} {self._scorer.fingerprint[:12]}"

    @cached_property
    def _scorer(self) -> PairScorer:
        return CrossEncoderScorer(self.model, self.device)

    def plan(self, pairs: Sequence[Pair]) -> CallPlan | None:
        return None

    def opinions(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Opinion]]:
        for start in range(0, len(pairs), LOCAL):
            part = pairs[start : start + LOCAL]
            yield from zip(part, scored(part, self._scorer, self.margin), strict=True)


def scored(pairs: Sequence[Pair], scorer: PairScorer, margin: float) -> list[Opinion]:
    """Opinions by a scorer of pairs; relevant passages are scored once. Raises ModelError."""
    asked = [(pair.query, pair.passage) for pair in pairs]
    known = list(dict.fromkeys((pair.query, text) for pair in pairs for text in pair.relevant))
    scores = scorer.score([*asked, *known]).astype(np.float64).tolist()
    score_of: Mapping[tuple[str, str], float] = dict(zip(known, scores[len(asked) :], strict=True))
    return [
        by_score(score, [score_of[pair.query, text] for text in pair.relevant], margin)
        for pair, score in zip(pairs, scores, strict=False)
    ]


def _relevant(call: Sequence[Pair]) -> list[str]:
    return list(dict.fromkeys(text for pair in call for text in pair.relevant))
