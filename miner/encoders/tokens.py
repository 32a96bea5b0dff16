"""Texts to token ids in flat int32 arrays, by the model's own tokenizer and settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from miner.data import Int64
from miner.errors import ModelError

Int32 = NDArray[np.int32]

WINDOW = 256
"""Texts tokenised at once."""

PROBES = (
    "",
    " a b ",
    "Two words\n\tand a  line",
    "Ünïcode, ½ 漢字 मराठी 😀\u200b\u00ad\x00",
    "[MASK] <s> </s> <|endoftext|>",
    " ".join(map(str, range(3000))),
)
FEATURES = {"input_ids", "attention_mask", "token_type_ids", "modality", "prompt_length"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids of n texts, one after the other, special tokens included, cut at the model's length."""

    lengths: Int64
    """[n]"""
    ids: Int32
    """[sum of lengths]"""


class Tokenizer:
    """What a SentenceTransformer's own preprocess makes of a text.

    The fast tokenizer beneath is called directly where that gives the same ids on PROBES, which takes
    half the time; else preprocess itself is called and its padding taken off again.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._same: dict[str, bool] = {}

    def windows(self, texts: Sequence[str], prompt: str) -> Iterator[Tokens]:
        """Tokens of WINDOW texts at a time, in order."""
        read = self._directly if self._direct(prompt) else self._by_model
        for start in range(0, len(texts), WINDOW):
            yield read(texts[start : start + WINDOW], prompt)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special ones aside, without a cut."""
        encodings = self._uncut.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

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

    def _direct(self, prompt: str) -> bool:
        if prompt not in self._same:
            one, other = self._directly(PROBES, prompt), self._by_model(PROBES, prompt)
            self._same[prompt] = bool(
                np.array_equal(one.lengths, other.lengths) and np.array_equal(one.ids, other.ids)
            )
        return self._same[prompt]

    def _directly(self, texts: Sequence[str], prompt: str) -> Tokens:
        encodings = self._cut.encode_batch_fast([prompt + text for text in texts])
        lengths = np.array([len(encoding) for encoding in encodings], np.int64)
        flat = chain.from_iterable(encoding.ids for encoding in encodings)
        return Tokens(lengths, np.fromiter(flat, np.int32, int(lengths.sum())))

    def _by_model(self, texts: Sequence[str], prompt: str) -> Tokens:
        features = self.model.preprocess(list(texts), prompt=prompt or None)
        real = features["attention_mask"].numpy().astype(bool)
        return Tokens(real.sum(axis=1), features["input_ids"].numpy()[real].astype(np.int32))

    @cached_property
    def _uncut(self) -> Any:
        return self._copy()

    @cached_property
    def _cut(self) -> Any:
        copy = self._copy()
        if (limit := most_tokens(self.model)) is not None:
            copy.enable_truncation(limit)
        return copy

    def _copy(self) -> Any:
        from tokenizers import Tokenizer as Fast

        backend = getattr(self.model.tokenizer, "backend_tokenizer", self.model.tokenizer)
        if not hasattr(backend, "to_str"):
            raise ModelError(f"{type(backend).__name__}: is not a fast tokenizer; expected a tokenizer.json")
        copy = Fast.from_str(backend.to_str())
        copy.no_padding()
        copy.no_truncation()
        return copy


def most_tokens(model: Any) -> int | None:
    """The most tokens the model reads of a text; None if there is no end to it."""
    limit = model.max_seq_length
    return None if limit is None or limit >= 1 << 30 else int(limit)
