"""Texts to token ids in flat int32 arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from miner.data import Int64

Int32 = NDArray[np.int32]

WINDOW = 256
"""Texts tokenised at once."""
UNKNOWN = ("[UNK]", "<unk>")
"""Names in common use of the token for what is not in a vocabulary."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids of n texts, one after the other, special tokens included, cut at the model's length."""

    lengths: Int64
    """[n]"""
    ids: Int32
    """[sum of lengths]"""


class Tokenizer(Protocol):
    """Turns texts into token ids, and counts them."""

    @property
    def pad(self) -> int:
        """The id of padding."""

    def windows(self, texts: Sequence[str], prompt: str) -> Iterator[Tokens]:
        """Tokens of WINDOW texts at a time, in order."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special ones aside, without a cut."""

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int, bool]]]:
        """Start and end of each token, special ones aside, and whether it is one of the vocabulary."""


@dataclass(frozen=True)
class FastTokenizer:
    """A tokenizer.json and how much of a text is kept."""

    content: str
    limit: int | None
    pad: int

    def warm_up(self) -> None:
        """Read the vocabulary, before the first text."""
        _ = self._cut

    def windows(self, texts: Sequence[str], prompt: str) -> Iterator[Tokens]:
        for start in range(0, len(texts), WINDOW):
            yield self.read([prompt + text for text in texts[start : start + WINDOW]])

    def read(self, texts: Sequence[str]) -> Tokens:
        encodings = self._cut.encode_batch_fast(list(texts))
        lengths = np.array([len(encoding) for encoding in encodings], np.int64)
        flat = chain.from_iterable(encoding.ids for encoding in encodings)
        return Tokens(lengths, np.fromiter(flat, np.int32, int(lengths.sum())))

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int, bool]]]:
        """Start and end of each token, special ones aside, and whether it is one of the vocabulary."""
        encodings = self._uncut.encode_batch(list(texts), add_special_tokens=False)
        return [
            [(*span, id not in self._unknown) for span, id in zip(each.offsets, each.ids, strict=True)]
            for each in encodings
        ]

    def count(self, texts: Sequence[str]) -> list[int]:
        encodings = self._uncut.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    @cached_property
    def _unknown(self) -> set[int | None]:
        """Ids that stand for what is not in the vocabulary."""
        names = {*UNKNOWN, getattr(self._uncut.model, "unk_token", None)}
        return {self._uncut.token_to_id(name) for name in names if name}

    @cached_property
    def _uncut(self) -> Any:
        from tokenizers import Tokenizer as Fast

        made = Fast.from_str(self.content)
        made.no_padding()
        made.no_truncation()
        return made

    @cached_property
    def _cut(self) -> Any:
        from tokenizers import Tokenizer as Fast

        made = Fast.from_str(self.content)
        made.no_padding()
        made.no_truncation()
        if self.limit is not None:
            made.enable_truncation(self.limit)
        return made
