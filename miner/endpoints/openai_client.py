"""Calls in OpenAI's words, which most servers of models speak, through OpenAI's own client."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

from miner.endpoints.address import Address, address_of
from miner.endpoints.calls import CallFailed, Meter, Patience, retry_after
from miner.errors import MissingExtra

HOME, KEY = "https://api.openai.com/v1", "OPENAI_API_KEY"
RENAMED = {"max_tokens": "max_completion_tokens"}
FILTERS = ("content_filter", "content management policy", "content_policy")
"""In the refusals of services that will not read a text."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a chat model said; `refusal` where it would not, `cut` where it was stopped at its limit."""

    text: str
    refusal: str = ""
    cut: bool = False


class OpenAIClient:
    """One address. Each method is one call and raises CallFailed; safe in threads."""

    def __init__(
        self,
        base_url: str | None,
        key: str | None,
        patience: Patience | None = None,
        meter: Meter | None = None,
    ) -> None:
        named = base_url or os.environ.get("OPENAI_BASE_URL")
        if base_url is None and named and key is None:
            key = KEY if os.environ.get(KEY) else ""
        self.address: Address = address_of(named, key, HOME, KEY)
        self.patience, self.meter = patience or Patience(), meter or Meter()
        self._strange: set[str] = set()

    @cached_property
    def _client(self) -> Any:
        try:
            import openai
        except ImportError:
            raise MissingExtra("a server that speaks OpenAI's API", "openai") from None
        return openai.OpenAI(
            api_key=self.address.key(),
            base_url=self.address.url,
            max_retries=0,
            timeout=self.patience.timeout,
        )

    def open(self) -> OpenAIClient:
        """Raises MissingExtra, and ConfigError without a key, before anything is sent."""
        _ = self._client
        return self

    def embed(self, model: str, texts: Sequence[str], dimensions: int | None = None) -> list[list[float]]:
        """A vector for each text, in their order."""
        more = {} if dimensions is None else {"dimensions": dimensions}
        answer = self._asked(
            lambda: self._client.embeddings.create(
                model=model, input=list(texts), encoding_format="float", **more
            )
        )
        self._count(answer)
        found = {}
        for place, item in enumerate(_list(answer, "data")):
            index = getattr(item, "index", None)
            found[place if index is None else index] = getattr(item, "embedding", None)
        if sorted(map(str, found)) != sorted(map(str, range(len(texts)))):
            raise CallFailed(f"answered with vectors for {len(found)} of {len(texts)} texts")
        return [vector_of(found[place]) for place in range(len(texts))]

    def chat(
        self, model: str, messages: Sequence[dict[str, str]], *, most: int, schema: dict[str, Any] | None
    ) -> Completion:
        """What the model says to the messages, in at most `most` tokens; by a JSON schema, if one is given and
        the server has such a thing."""
        shape = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
        options: dict[str, Any] = {"temperature": 0.0, "max_tokens": most}
        if schema is not None:
            options["response_format"] = shape
        answer = self._tolerated(
            options,
            lambda chosen: self._client.chat.completions.create(
                model=model, messages=list(messages), **chosen
            ),
        )
        self._count(answer)
        choices = _list(answer, "choices")
        message = getattr(choices[0], "message", None) if choices else None
        if message is None:
            raise CallFailed("answered without a message")
        text, refusal = getattr(message, "content", None), getattr(message, "refusal", None)
        why = getattr(choices[0], "finish_reason", None)
        blocked = "stopped by its content filter" if why == "content_filter" else ""
        return Completion(
            text if isinstance(text, str) else "", str(refusal or "") or blocked, why == "length"
        )

    def _tolerated(self, options: dict[str, Any], ask: Callable[[dict[str, Any]], T]) -> T:
        """Ask with the options that the server takes: one that it names in a refusal is left out from then
        on, or called by its newer name."""
        while True:
            renamed = {RENAMED.get(k, k) if k in self._strange else k: v for k, v in options.items()}
            chosen = {k: v for k, v in renamed.items() if k not in self._strange}
            try:
                return self._asked(partial(ask, chosen))
            except CallFailed as error:
                named = {name for name in chosen if error.status in (400, 422) and name in str(error)}
                if not named:
                    raise
                self._strange |= named

    def _count(self, answer: Any) -> None:
        usage = getattr(answer, "usage", None)
        read, written = getattr(usage, "prompt_tokens", 0), getattr(usage, "completion_tokens", 0)
        self.meter.add(
            tokens_in=read if isinstance(read, int) else 0,
            tokens_out=written if isinstance(written, int) else 0,
        )

    def _asked(self, ask: Callable[[], T]) -> T:
        import openai

        try:
            return ask()
        except openai.APIStatusError as error:
            after = retry_after(error.response.headers.get("retry-after"))
            said = self.address.redacted(" ".join(str(error.message).split()))[:300]
            filtered = any(name in f"{error.code} {said}".lower() for name in FILTERS)
            raise CallFailed(
                f"answers {error.status_code} ({said})", error.status_code, after, about_content=filtered
            ) from None
        except openai.APITimeoutError:
            raise CallFailed(f"does not answer within {self.patience.timeout:g} seconds") from None
        except openai.APIConnectionError as error:
            why = self.address.redacted(str(error.__cause__ or error))
            raise CallFailed(f"cannot be reached ({why})") from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise CallFailed(f"answered with something else ({type(error).__name__})") from None


def _list(answer: Any, name: str) -> list[Any]:
    found = getattr(answer, name, None)
    if not isinstance(found, list):
        raise CallFailed(f"answered without {name!r}")
    return found


def vector_of(value: Any) -> list[float]:
    """Raises CallFailed for what is no list of finite numbers."""
    try:
        numbers = [float(each) for each in value]
    except (TypeError, ValueError):
        raise CallFailed("answered with a vector that is no list of numbers") from None
    if not numbers or any(number != number or abs(number) == float("inf") for number in numbers):
        raise CallFailed("answered with a vector that is empty or not finite")
    return numbers
