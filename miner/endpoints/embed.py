"""Texts to vectors by a service: in calls that fit its limits, each answer kept as soon as it is there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from miner.data import Float32
from miner.endpoints.address import Address
from miner.endpoints.answers import AnswerStore
from miner.endpoints.calls import Caller, Meter, Patience
from miner.endpoints.cohere_client import CohereClient
from miner.endpoints.consent import CallPlan, agree, estimated_tokens, price_of
from miner.endpoints.openai_client import OpenAIClient
from miner.errors import ConfigError, EndpointFailed
from miner.progress import tick
from miner.spec import Spec

Side = Literal["query", "passage"]

LOCAL_TEXTS = 32


class EmbeddingCalls(Protocol):
    """A client that is ready to be asked."""

    @property
    def address(self) -> Address: ...

    def vectors(self, texts: Sequence[str], side: Side) -> list[list[float]]:
        """One call. Raises CallFailed."""


class EmbeddingService(Protocol):
    """A frozen dataclass spelt on the command line: which model, where, and what a call may hold."""

    most_texts: ClassVar[int]
    most_tokens: ClassVar[int]

    @property
    def parallel(self) -> int: ...

    @property
    def timeout(self) -> float: ...

    @property
    def price(self) -> float | str | None: ...

    def connect(self, patience: Patience, meter: Meter) -> EmbeddingCalls:
        """Raises MissingExtra, and ConfigError without a key."""

    def fingerprint(self) -> dict[str, Any]:
        """All that decides a vector, as JSON; no key."""


@dataclass(frozen=True, repr=False)
class OpenAIEmbeddings(Spec):
    """Any server with OpenAI's embeddings call: `base_url` where it is not OpenAI's own, `key` the name of the
    environment variable that holds its key, `query_prompt` and `passage_prompt` put before texts for models
    that want instructions. At most `parallel` calls at once, each waited for `timeout` seconds. `price` is what a
    million tokens cost, told before they are sent."""

    name: ClassVar[str] = "openai"
    most_texts: ClassVar[int] = 512
    most_tokens: ClassVar[int] = 50_000

    model: str
    base_url: str | None = None
    dimensions: int | None = None
    key: str | None = None
    query_prompt: str = ""
    passage_prompt: str = ""
    parallel: int = 4
    timeout: float = 120.0
    price: float | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self)

    def connect(self, patience: Patience, meter: Meter) -> EmbeddingCalls:
        return _OpenAICalls(self, OpenAIClient(self.base_url, self.key, patience, meter).open())

    def fingerprint(self) -> dict[str, Any]:
        return _fingerprint(self)


@dataclass(frozen=True)
class _OpenAICalls:
    spec: OpenAIEmbeddings
    client: OpenAIClient

    @property
    def address(self) -> Address:
        return self.client.address

    def vectors(self, texts: Sequence[str], side: Side) -> list[list[float]]:
        prompt = self.spec.query_prompt if side == "query" else self.spec.passage_prompt
        return self.client.embed(self.spec.model, [prompt + text for text in texts], self.spec.dimensions)


@dataclass(frozen=True, repr=False)
class CohereEmbeddings(Spec):
    """Cohere's embeddings, or a server that speaks /v2/embed; queries and passages by their input types.
    Other options as for openai."""

    name: ClassVar[str] = "cohere"
    most_texts: ClassVar[int] = 96
    most_tokens: ClassVar[int] = 50_000

    model: str
    base_url: str | None = None
    dimensions: int | None = None
    key: str | None = None
    parallel: int = 4
    timeout: float = 120.0
    price: float | str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self)

    def connect(self, patience: Patience, meter: Meter) -> EmbeddingCalls:
        return _CohereCalls(self, CohereClient(self.base_url, self.key, patience, meter).open())

    def fingerprint(self) -> dict[str, Any]:
        return _fingerprint(self)


@dataclass(frozen=True)
class _CohereCalls:
    spec: CohereEmbeddings
    client: CohereClient

    @property
    def address(self) -> Address:
        return self.client.address

    def vectors(self, texts: Sequence[str], side: Side) -> list[list[float]]:
        kind = "search_query" if side == "query" else "search_document"
        return self.client.embed(self.spec.model, texts, kind, self.spec.dimensions)


EMBEDDINGS: dict[str, type[Spec]] = {each.name: each for each in (OpenAIEmbeddings, CohereEmbeddings)}


class Embedder:
    """Vectors of texts by a service. With a `store` nothing is paid twice but calls in flight at a kill.

    `announce` says beforehand what all of a run will send; without it each `embed` says so of its own texts
    the first time.
    """

    def __init__(
        self,
        service: EmbeddingService,
        *,
        store: Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.service, self.price, self.meter = service, price_of(service.price), Meter()
        self.patience = patience or Patience(parallel=service.parallel, timeout=service.timeout)
        self.store = None if store is None else AnswerStore(store)
        self.dim: int | None = getattr(service, "dimensions", None)
        self._agreed, self._calls = False, None  # type: tuple[bool, EmbeddingCalls | None]
        self._digest = hashlib.sha256(repr(sorted(service.fingerprint().items())).encode()).digest()

    @property
    def calls(self) -> EmbeddingCalls:
        """Raises MissingExtra, and ConfigError without a key."""
        if self._calls is None:
            self._calls = self.service.connect(self.patience, self.meter)
        return self._calls

    @property
    def most_texts(self) -> int:
        """Texts of a call: fewer for this machine's own servers, which are slow and lose nothing by it."""
        return (
            min(self.service.most_texts, LOCAL_TEXTS) if self.calls.address.local else self.service.most_texts
        )

    def announce(self, texts: int, tokens: int, calls: int | None = None) -> None:
        """Say, and in a terminal ask, what will be sent. Raises Declined."""
        address, least = self.calls.address, -(-tokens // self.service.most_tokens)
        counted = max(-(-texts // self.most_texts), least) if calls is None else calls
        self._agreed = True
        agree(
            CallPlan(address.host, "to embed", texts, counted, tokens, price=self.price, local=address.local)
        )

    def unanswered(self, texts: Sequence[str], side: Side) -> list[str]:
        """The texts, each once, of which no answer is kept."""
        by_key = {self._key(text, side): text for text in texts}
        known = self._kept(list(by_key))
        return [text for key, text in by_key.items() if key not in known]

    def embed(self, texts: Sequence[str], side: Side) -> Float32:
        """float32 [len(texts), dim], as the service gives them, equal texts asked for once.

        Raises EndpointFailed where the service refuses, fails too often, or changes its dimension; what was
        answered until then is in the store.
        """
        if not texts:
            return np.empty((0, self.dim or 0), np.float32)
        keys = [self._key(text, side) for text in texts]
        known = {key: np.frombuffer(value, np.float32) for key, value in self._kept(keys).items()}
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if fresh:
            known |= self._asked(fresh, side)
        for vector in known.values():
            self._check_dim(len(vector))
        return np.stack([known[key] for key in keys])

    def _asked(self, fresh: dict[bytes, str], side: Side) -> dict[bytes, Float32]:
        batches = list(batched(list(fresh.items()), self.most_texts, self.service.most_tokens))
        if not self._agreed:
            tokens = sum(map(estimated_tokens, fresh.values()))
            self.announce(len(fresh), tokens, len(batches))
        calls, found = self.calls, dict[bytes, Float32]()
        caller = Caller[list[tuple[bytes, str]], list[list[float]]](
            calls.address.host,
            lambda batch: calls.vectors([text for _, text in batch], side),
            self.patience,
            self.meter,
        )
        for batch, vectors in caller.run(batches):
            for vector in vectors:
                self._check_dim(len(vector))
            new = {key: np.array(vector, np.float32) for (key, _), vector in zip(batch, vectors, strict=True)}
            if self.store is not None:
                self.store.put({key: vector.tobytes() for key, vector in new.items()})
            found |= new
            tick(len(new))
        return found

    def _kept(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return {} if self.store is None else self.store.get(list(dict.fromkeys(keys)))

    def _check_dim(self, found: int) -> None:
        if self.dim is None:
            self.dim = found
        if found != self.dim:
            raise EndpointFailed(
                f"{self.calls.address.host}: answered with vectors of {found} dimensions; expected {self.dim}"
            )

    def _key(self, text: str, side: Side) -> bytes:
        digest = hashlib.blake2b(self._digest, digest_size=16)
        digest.update(side.encode() + b"\0" + text.encode("utf-8", "surrogatepass"))
        return digest.digest()


def batched(
    items: Sequence[tuple[bytes, str]], most_texts: int, most_tokens: int
) -> Iterator[list[tuple[bytes, str]]]:
    """Items in order, as many together as a call may hold; one that is too long goes alone."""
    batch, tokens = list[tuple[bytes, str]](), 0
    for key, text in items:
        more = estimated_tokens(text)
        if batch and (len(batch) == most_texts or tokens + more > most_tokens):
            yield batch
            batch, tokens = [], 0
        batch.append((key, text))
        tokens += more
    if batch:
        yield batch


def _check(spec: OpenAIEmbeddings | CohereEmbeddings) -> None:
    if not spec.model.strip():
        raise ConfigError(f"{spec.name}: model is blank; expected the name of a model of the service")
    if spec.parallel < 1:
        raise ConfigError(f"{spec.name}: parallel is {spec.parallel}; expected 1 or more")
    if spec.dimensions is not None and spec.dimensions < 1:
        raise ConfigError(f"{spec.name}: dimensions is {spec.dimensions}; expected 1 or more")
    if spec.timeout <= 0:
        raise ConfigError(f"{spec.name}: timeout is {spec.timeout:g}; expected seconds above 0")
    price_of(spec.price)


def _fingerprint(spec: OpenAIEmbeddings | CohereEmbeddings) -> dict[str, Any]:
    """Where it answers belongs to it: two servers may mean different models by one name."""
    fields = asdict(spec)
    return {
        "kind": spec.name,
        **{k: v for k, v in fields.items() if k not in ("parallel", "key", "price", "timeout")},
    }
