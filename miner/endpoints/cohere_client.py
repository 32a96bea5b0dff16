"""Calls in Cohere's words, through Cohere's own client: embeddings, and /v2/rerank of whoever offers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from miner.endpoints.address import Address, address_of
from miner.endpoints.calls import CallFailed, Meter, Patience, retry_after
from miner.endpoints.openai_client import vector_of
from miner.errors import MissingExtra

HOME, KEY = "https://api.cohere.com", "CO_API_KEY"
T = TypeVar("T")


class CohereClient:
    """One address. Each method is one call and raises CallFailed; safe in threads."""

    def __init__(
        self,
        base_url: str | None,
        key: str | None,
        patience: Patience | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.address: Address = address_of(base_url, key, HOME, KEY)
        self.patience, self.meter = patience or Patience(), meter or Meter()

    @cached_property
    def _client(self) -> Any:
        try:
            import cohere
        except ImportError:
            raise MissingExtra("a server that speaks Cohere's API", "cohere") from None
        return cohere.ClientV2(
            api_key=self.address.key(),
            base_url=self.address.url,
            timeout=self.patience.timeout,
            max_retries=0,
            log_warning_experimental_features=False,
        )

    def open(self) -> CohereClient:
        """Raises MissingExtra, and ConfigError without a key, before anything is sent."""
        _ = self._client
        return self

    def embed(
        self, model: str, texts: Sequence[str], input_type: str, dimensions: int | None = None
    ) -> list[list[float]]:
        """A vector for each text, in their order; `input_type` search_query or search_document."""
        more = {} if dimensions is None else {"output_dimension": dimensions}
        answer = self._asked(
            lambda: self._client.embed(
                model=model,
                texts=list(texts),
                input_type=input_type,
                embedding_types=["float"],
                truncate="END",
                **more,
            )
        )
        self._count(answer)
        embeddings = getattr(answer, "embeddings", None)
        vectors = getattr(embeddings, "float_", None) or getattr(embeddings, "float", None)
        if not isinstance(vectors, list):
            raise CallFailed("answered without vectors of type float")
        if len(vectors) != len(texts):
            raise CallFailed(f"answered with vectors for {len(vectors)} of {len(texts)} texts")
        return [vector_of(vector) for vector in vectors]

    def rerank(self, model: str, query: str, documents: Sequence[str]) -> list[float]:
        """A relevance score for each document, in their order."""
        answer = self._asked(
            lambda: self._client.rerank(
                model=model, query=query, documents=list(documents), top_n=len(documents)
            )
        )
        self._count(answer)
        results, scores = getattr(answer, "results", None), dict[int, float]()
        for result in results if isinstance(results, list) else []:
            index, score = getattr(result, "index", None), getattr(result, "relevance_score", None)
            if isinstance(index, int) and isinstance(score, int | float) and score == score:
                scores[index] = float(score)
        if sorted(scores) != list(range(len(documents))):
            raise CallFailed(f"answered with scores for {len(scores)} of {len(documents)} documents")
        return [scores[place] for place in range(len(documents))]

    def _count(self, answer: Any) -> None:
        billed = getattr(getattr(answer, "meta", None), "billed_units", None)
        read = getattr(billed, "input_tokens", None)
        self.meter.add(tokens_in=int(read) if isinstance(read, int | float) else 0)

    def _asked(self, ask: Callable[[], T]) -> T:
        import httpx
        from cohere.core.api_error import ApiError

        try:
            return ask()
        except ApiError as error:
            headers = {name.lower(): value for name, value in (error.headers or {}).items()}
            body = error.body
            said = body.get("message", body) if isinstance(body, dict) else body
            words = self.address.redacted(" ".join(str(said).split()))[:300]
            status = error.status_code or 0
            if 200 <= status < 300:
                raise CallFailed("answered with something else than JSON") from None
            raise CallFailed(
                f"answers {status} ({words})", status, retry_after(headers.get("retry-after"))
            ) from None
        except httpx.TimeoutException:
            raise CallFailed(f"does not answer within {self.patience.timeout:g} seconds") from None
        except httpx.TransportError as error:
            raise CallFailed(f"cannot be reached ({self.address.redacted(str(error))})") from None
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise CallFailed(f"answered with something else ({type(error).__name__})") from None
