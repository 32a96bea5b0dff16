"""Two texts side by side, with what is the same in them and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from miner.text.frequencies import Frequencies
from miner.text.tokens import VOCABULARY, TokenLine


@dataclass(frozen=True, slots=True)
class Difference:
    """What stands in the candidate instead of what stands in the relevant passage; either may be nothing."""

    candidate: str
    relevant: str

    def __str__(self) -> str:
        return f"{self.candidate or 'nothing'!r} for {self.relevant or 'nothing'!r}"


@dataclass(slots=True)
class SideBySide:
    """Two texts side by side, differences told apart; `same_a` and `same_b` are places that say the same."""

    a: TokenLine
    b: TokenLine
    frequencies: Frequencies
    same_a: bytearray
    same_b: bytearray
    contrasts: list[Difference]
    lone: list[tuple[bool, Difference]]
    """Content that one side has alone, with whether that is the candidate."""


def words(text: TokenLine, places: Sequence[int]) -> list[str]:
    tokens, line = VOCABULARY.tokens, text.line
    return [tokens[ord(line[i])] for i in places]
