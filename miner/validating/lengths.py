"""Cohere's 510 tokens for query and passage: the query is kept whole, the passage is cut."""

from __future__ import annotations

import hashlib
import random
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from miner.data import CountTokens
from miner.formats.cohere import MAX_TOKENS as MAX_TOKENS
from miner.validating import lines
from miner.validating.texts import RowTexts, texts_of

SAMPLE = 10_000
"""Rows counted at most; of more rows that could be too long, a seeded sample of so many is counted."""
_BATCH = 64


@dataclass
class Suspects:
    """The lines whose row could be over the limit: all of them, or a uniform sample (Vitter 1985, R)."""

    limit: int
    seed: int = 0
    seen: int = 0
    lines: array[int] = field(default_factory=lambda: array("Q"))

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311

    def take(self, line: int, texts: RowTexts) -> None:
        if texts.query is None or not self._possible(texts.query, (*texts.relevant, *texts.negatives)):
            return
        self.seen += 1
        if len(self.lines) < SAMPLE:
            self.lines.append(line)
        elif (place := self._random.randrange(self.seen)) < SAMPLE:
            self.lines[place] = line

    def _possible(self, query: str, passages: Sequence[str]) -> bool:
        return _most(query) + max(map(_most, passages), default=0) > self.limit


def _most(text: str) -> int:
    """No tokenizer makes more tokens of a text than it has bytes, and one for its beginning."""
    return 1 + (len(text) if text.isascii() else len(text.encode()))


@dataclass
class Lengths:
    """How much of the counted rows is cut. `suspects` rows could be too long, `counted` were counted."""

    limit: int
    suspects: int = 0
    counted: int = 0
    rows_cut: int = 0
    passages_cut: int = 0
    tokens: int = 0
    """Tokens of the passages that are cut."""
    tokens_cut: int = 0

    @property
    def sampled(self) -> bool:
        return self.counted < self.suspects

    @property
    def estimate(self) -> int:
        """Rows of the file that are cut: exact where all suspects were counted."""
        return round(self.rows_cut * self.suspects / self.counted) if self.counted else 0

    def record(self) -> dict[str, Any]:
        return {
            "limit": self.limit,
            "rows_that_could_be_cut": self.suspects,
            "rows_counted": self.counted,
            "rows_cut": self.estimate,
            "estimated": self.sampled,
            "passages_cut_in_counted_rows": self.passages_cut,
            "share_of_their_tokens_cut": self.tokens_cut / self.tokens if self.tokens else 0.0,
        }

    def judge(self, query: int, passages: Sequence[int]) -> str:
        """What to say of a row with so many tokens; nothing if all of it is read."""
        room = max(self.limit - query, 0)
        long = [length for length in passages if length > room]
        self.counted += 1
        if not long:
            return ""
        lost = sum(long) - room * len(long)
        self.rows_cut += 1
        self.passages_cut += len(long)
        self.tokens += sum(long)
        self.tokens_cut += lost
        beside = f"the query ({query} of {self.limit} tokens)"
        cut = f"{lost} of their {sum(long)} tokens ({lost / sum(long):.0%}) are cut"
        return f"{len(long)} of {len(passages)} passages do not fit beside {beside}: {cut}"


def measure(
    path: Path, suspects: Suspects, count_tokens: CountTokens, tell: Callable[[int, str], None]
) -> Lengths:
    """Count the suspects in the file's order; `tell` gets line and message of each row that is cut."""
    tally = Lengths(suspects.limit, suspects.seen)
    known: dict[bytes, int] = {}
    rows = _rows(path, frozenset(suspects.lines))
    while batch := list(islice(rows, _BATCH)):
        _count(batch, known, count_tokens)
        for line, texts in batch:
            query, *passages = (known[_key(text)] for text in _all(texts))
            if message := tally.judge(query, passages):
                tell(line, message)
    return tally


def _rows(path: Path, wanted: frozenset[int]) -> Iterator[tuple[int, RowTexts]]:
    for line in lines.read(path) if wanted else ():
        if line.number in wanted and line.record is not None:
            yield line.number, texts_of(line.record)


def _count(batch: Sequence[tuple[int, RowTexts]], known: dict[bytes, int], count_tokens: CountTokens) -> None:
    """Put the tokens of every text of the batch into `known`; none is counted twice."""
    texts = {_key(text): text for _, row in batch for text in _all(row)}
    new = {key: text for key, text in texts.items() if key not in known}
    known |= zip(new, count_tokens(list(new.values())), strict=True)


def _all(texts: RowTexts) -> list[str]:
    return [texts.query or "", *texts.relevant, *texts.negatives]


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
