"""Who can score a pair of query and passage: cross-encoders, rerankers behind an address, several encoders.

What a teacher says is kept in the receipts, goes into every format that carries scores, and is what
`miner train --loss kl` learns (Hinton et al. 2015, arXiv 1503.02531; Hofstaetter et al. 2020, arXiv 2010.02666).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from miner.data import Float32, Float64
from miner.encoders.base import Encoder
from miner.encoders.load import load_encoder
from miner.endpoints import Caller, CallPlan, Meter, Patience, agree, estimated_tokens
from miner.endpoints.cohere_client import CohereClient
from miner.errors import ConfigError
from miner.mining.teacher import PairScorer
from miner.models.cross_encoder import CrossEncoderScorer
from miner.spec import Spec, parse

AT_ONCE = 100
"""Passages of one query that a call holds, at most."""
PairText = tuple[str, str]


@dataclass(frozen=True, repr=False)
class CrossEncoderTeacher(Spec):
    """A cross-encoder on this machine: a folder or hub name."""

    name: ClassVar[str] = "cross_encoder"

    model: str
    device: str | None = None

    def scorer(self) -> PairScorer:
        return CrossEncoderScorer(self.model, self.device)


@dataclass(frozen=True, repr=False)
class EncodersTeacher(Spec):
    """Several encoders as one: `scale` times the mean of their cosines. `models` are folders or names as
    --encoder takes them, by comma."""

    name: ClassVar[str] = "encoders"

    models: str
    scale: float = 20.0

    def scorer(self) -> PairScorer:
        return EncodersScorer(
            [load_encoder(name.strip()) for name in self.models.split(",") if name.strip()], self.scale
        )


@dataclass(frozen=True, repr=False)
class RerankTeacher(Spec):
    """Cohere's reranker or any server with /v2/rerank; `key` names the environment variable with the key."""

    name: ClassVar[str] = "cohere"

    model: str
    base_url: str | None = None
    key: str | None = None
    parallel: int = 4
    timeout: float = 120.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.parallel < 1:
            raise ConfigError(f"cohere: parallel is {self.parallel}; expected 1 or more")

    def scorer(self) -> PairScorer:
        return RerankScorer(self)


TEACHERS: dict[str, type[Spec]] = {
    each.name: each for each in (CrossEncoderTeacher, EncodersTeacher, RerankTeacher)
}


def parse_teacher(text: str) -> PairScorer:
    """The teacher that 'name(option=value)' spells; a bare folder or hub name is a cross-encoder's.

    Raises ConfigError, and ModelError for a model that is none.
    """
    if "(" not in text and text not in TEACHERS:
        return CrossEncoderScorer(text)
    spec: CrossEncoderTeacher | EncodersTeacher | RerankTeacher = parse(text, TEACHERS, "teacher")  # type: ignore[assignment]
    return spec.scorer()


@dataclass(frozen=True)
class EncodersScorer:
    """`scale` times the mean of the encoders' cosines of query and passage."""

    encoders: Sequence[Encoder]
    scale: float

    def __post_init__(self) -> None:
        if not self.encoders:
            raise ConfigError("encoders: models is blank; expected folders or names, by comma")

    @cached_property
    def fingerprint(self) -> str:
        parts = [json.dumps(each.fingerprint, sort_keys=True, default=str) for each in self.encoders]
        return hashlib.sha256("\n".join([*sorted(parts), repr(self.scale)]).encode()).hexdigest()

    def score(self, pairs: Sequence[PairText]) -> Float32:
        """float32 [len(pairs)], in order; higher is better."""
        queries, query_of = np.unique([query for query, _ in pairs], return_inverse=True)
        texts, text_of = np.unique([text for _, text in pairs], return_inverse=True)
        total: Float64 = np.zeros(len(pairs), np.float64)
        for encoder in self.encoders:
            asked = encoder.encode_queries(queries.tolist()).astype(np.float64)
            found = encoder.encode_passages(texts.tolist()).astype(np.float64)
            total += np.einsum("id,id->i", asked[query_of], found[text_of])
        return np.asarray(self.scale * total / len(self.encoders), np.float32)


class RerankScorer:
    """Scores by a server, all passages of one query in calls of at most AT_ONCE."""

    def __init__(self, spec: RerankTeacher) -> None:
        self.spec, self.meter, self._agreed = spec, Meter(), False
        self.patience = Patience(parallel=spec.parallel, timeout=spec.timeout)

    @property
    def fingerprint(self) -> str:
        """Where it answers belongs to it: two servers may mean different models by one name."""
        return hashlib.sha256(f"{self.spec.base_url}\n{self.spec.model}".encode()).hexdigest()

    @cached_property
    def _client(self) -> CohereClient:
        return CohereClient(self.spec.base_url, self.spec.key, self.patience, self.meter).open()

    def score(self, pairs: Sequence[PairText]) -> Float32:
        """float32 [len(pairs)], in order. Raises EndpointFailed, and Declined where the user says no."""
        by_query: dict[str, list[int]] = {}
        for place, (query, _) in enumerate(pairs):
            by_query.setdefault(query, []).append(place)
        calls = [
            own[start : start + AT_ONCE] for own in by_query.values() for start in range(0, len(own), AT_ONCE)
        ]
        self._announce(pairs, len(calls))
        scores = np.empty(len(pairs), np.float32)

        def ask(places: list[int]) -> list[float]:
            return self._client.rerank(
                self.spec.model, pairs[places[0]][0], [pairs[place][1] for place in places]
            )

        caller = Caller[list[int], list[float]](self._client.address.host, ask, self.patience, self.meter)
        for places, found in caller.run(calls):
            scores[places] = found
        return scores

    def _announce(self, pairs: Sequence[PairText], calls: int) -> None:
        if self._agreed or not pairs:
            return
        address = self._client.address
        tokens = sum(estimated_tokens(query) + estimated_tokens(text) for query, text in pairs)
        purpose = "to score now, and about as many for each further block of queries"
        agree(CallPlan(address.host, purpose, len(pairs), calls, tokens, local=address.local))
        self._agreed = True
