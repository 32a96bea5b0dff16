"""A language model as judge: any server that speaks OpenAI's chat call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from miner.endpoints import Caller, CallFailed, CallPlan, Meter, Patience, estimated_tokens
from miner.endpoints.openai_client import Completion, OpenAIClient
from miner.errors import ConfigError
from miner.judging.base import JudgeSpec, Opinion
from miner.judging.prompt import Prompt, read_prompt
from miner.judging.reply import SCHEMA, read_reply
from miner.judgments import Pair
from miner.storage.paths import path_if_given

WRITTEN, WRITTEN_EACH = 40, 20
"""Tokens of a reply, and of each verdict in it."""
ROOM = 512
"""Tokens that a reply may have beyond those: models may think aloud."""


@dataclass(frozen=True, repr=False)
class LanguageModelJudge(JudgeSpec):
    """A chat model of OpenAI's or, by `base_url`, of any server that speaks its words; `key` names the
    environment variable with its key. Up to `together` passages of a query go into one call. `prompt` is a
    file that replaces the packaged question."""

    name: ClassVar[str] = "openai"

    model: str
    base_url: str | None = None
    key: str | None = None
    prompt: str | None = None
    together: int = 5
    parallel: int = 4
    timeout: float = 120.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for option in ("together", "parallel"):
            if getattr(self, option) < 1:
                raise ConfigError(f"openai: {option} is {getattr(self, option)}; expected 1 or more")
        if not self.model.strip():
            raise ConfigError("openai: model is blank; expected the name of a model of the service")

    @property
    def by(self) -> str:
        where = "" if self.base_url is None else f", base_url={self.base_url!r}"
        return f"openai(model={self.model!r}{where})"

    @property
    def question(self) -> str:
        return self._prompt.fingerprint

    @cached_property
    def _prompt(self) -> Prompt:
        return read_prompt(path_if_given(self.prompt, "the prompt"))

    @cached_property
    def meter(self) -> Meter:
        return Meter()

    @cached_property
    def _client(self) -> OpenAIClient:
        return OpenAIClient(self.base_url, self.key, self._patience, self.meter)

    @property
    def _patience(self) -> Patience:
        return Patience(parallel=self.parallel, timeout=self.timeout)

    def plan(self, pairs: Sequence[Pair]) -> CallPlan | None:
        calls, address = list(grouped(pairs, self.together)), self._client.address
        read = sum(sum(estimated_tokens(m["content"]) for m in self._messages(call)[1]) for call in calls)
        written = WRITTEN * len(calls) + WRITTEN_EACH * len(pairs)
        return CallPlan(
            address.host, "to judge", len(pairs), len(calls), read, written, self.tariff, address.local
        )

    def opinions(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Opinion]]:
        client = self._client.open()
        caller = Caller(client.address.host, self._ask, self._patience, self.meter)
        for call, found in caller.run(list(grouped(pairs, self.together))):
            yield from zip(call, found, strict=True)

    def _messages(self, call: Sequence[Pair]) -> tuple[str, list[dict[str, str]]]:
        return self._prompt.fill(call[0].query, [pair.passage for pair in call])

    def _ask(self, call: list[Pair]) -> list[Opinion]:
        mark, messages = self._messages(call)
        most = WRITTEN + WRITTEN_EACH * len(call) + ROOM
        try:
            said = self._client.chat(self.model, messages, most=most, schema=SCHEMA)
        except CallFailed as error:
            if not error.about_content:
                raise
            said = Completion("", refusal="refused by the service's content filter")
        if said.refusal:
            return [Opinion("unsure", reason=said.refusal[:200])] * len(call)
        verdicts = read_reply(said.text, len(call), mark)
        why = "the reply was cut off" if said.cut else "the reply could not be read"
        return [Opinion(verdict) if verdict else Opinion("unsure", reason=why) for verdict in verdicts]


def grouped(pairs: Sequence[Pair], together: int) -> Iterator[list[Pair]]:
    """Pairs of one query, so many at a time, queries in the order in which they first come."""
    by_query: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_query.setdefault(pair.query, []).append(pair)
    for own in by_query.values():
        for start in range(0, len(own), together):
            yield own[start : start + together]
