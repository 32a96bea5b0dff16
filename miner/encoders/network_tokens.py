"""What a SentenceTransformer's own preprocess makes of a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from miner.encoders.tokens import WINDOW, FastTokenizer, Tokens
from miner.errors import ModelError

PROBES = (
    "",
    " a b ",
    "Two words\n\tand a  line",
    "Ünïcode, ½ 漢字 मराठी 😀\u200b\u00ad\x00",
    "[MASK] <s> </s> <|endoftext|>",
    " ".join(map(str, range(3000))),
)
FEATURES = {"input_ids", "attention_mask", "token_type_ids", "modality", "prompt_length"}


class NetworkTokenizer:
    """The fast tokenizer beneath is called directly where that gives the same ids on PROBES, which takes
    half the time; else preprocess itself is called and its padding taken off again.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._same: dict[str, bool] = {}

    def windows(self, texts: Sequence[str], prompt: str) -> Iterator[Tokens]:
        if self.direct(prompt):
            yield from self.fast.windows(texts, prompt)
            return
        for start in range(0, len(texts), WINDOW):
            yield self._by_model(texts[start : start + WINDOW], prompt)

    def count(self, texts: Sequence[str]) -> list[int]:
        return self.fast.count(texts)

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int, bool]]]:
        return self.fast.spans(texts)

    @cached_property
    def plain(self) -> bool:
        """Whether token ids are all that the model takes from a text."""
        try:
            features = self.model.preprocess(list(PROBES))
        except (AttributeError, TypeError, ValueError):
            return False
        if not {"input_ids", "attention_mask"} <= set(features) <= FEATURES:
            return False
        return features["input_ids"].ndim == 2 and not (self.typed and features["token_type_ids"].any())

    @cached_property
    def typed(self) -> bool:
        """Whether the model is given segment ids; they are all zero."""
        return "token_type_ids" in self.model.preprocess(["a"])

    @cached_property
    def pad(self) -> int:
        return int(getattr(self.model.tokenizer, "pad_token_id", None) or 0)

    def prompt_tokens(self, prompt: str) -> int | None:
        """What the model's pooling is told of the prompt's length."""
        length = self.model.preprocess(["a"], prompt=prompt or None).get("prompt_length")
        return None if length is None else int(length)

    def direct(self, prompt: str) -> bool:
        """Whether the fast tokenizer alone gives the same ids."""
        if prompt not in self._same:
            one = self.fast.read([prompt + text for text in PROBES])
            other = self._by_model(PROBES, prompt)
            self._same[prompt] = bool(
                np.array_equal(one.lengths, other.lengths) and np.array_equal(one.ids, other.ids)
            )
        return self._same[prompt]

    @cached_property
    def fast(self) -> FastTokenizer:
        """Raises ModelError for a tokenizer of another kind."""
        backend = getattr(self.model.tokenizer, "backend_tokenizer", self.model.tokenizer)
        if not hasattr(backend, "to_str"):
            raise ModelError(f"{type(backend).__name__}: is not a fast tokenizer; expected a tokenizer.json")
        return FastTokenizer(backend.to_str(), most_tokens(self.model), self.pad)

    def _by_model(self, texts: Sequence[str], prompt: str) -> Tokens:
        features = self.model.preprocess(list(texts), prompt=prompt or None)
        real = features["attention_mask"].numpy().astype(bool)
        return Tokens(real.sum(axis=1), features["input_ids"].numpy()[real].astype(np.int32))


def most_tokens(model: Any) -> int | None:
    """The most tokens the model reads of a text; None if there is no end to it."""
    limit = model.max_seq_length
    return None if limit is None or limit >= 1 << 30 else int(limit)
