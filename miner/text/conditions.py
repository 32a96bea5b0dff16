"""Conditions under which one of two texts holds what the other says without one: 'unless it rains'."""

from __future__ import annotations

from miner.text.align import Gap
from miner.text.code_blocks import PROSE
from miner.text.lexicon import CONDITIONS, TokenKind, kind_of
from miner.text.side_by_side import Difference, SideBySide
from miner.text.tokens import TokenLine

SHOWN = 4
"""Words of a condition that are told."""


def condition(both: SideBySide, gap: Gap) -> Difference | None:
    """What limits the last that two texts share, in one of them, where the other ends its sentence."""
    if gap.right or not gap.left:
        return None
    (a, i), (b, j) = (both.a, gap.a.start), (both.b, gap.b.start)
    if _ends(b, j) and _is_limited(a, i):
        return Difference(_beginning(a, i), "")
    return Difference("", _beginning(b, j)) if _ends(a, i) and _is_limited(b, j) else None


def _ends(text: TokenLine, place: int) -> bool:
    """Whether a sentence ends before a place."""
    return place in text.sentences and (place < len(text) or text.closed)


def _is_limited(text: TokenLine, place: int) -> bool:
    """Whether a sentence goes on from a place with what limits it."""
    if place in text.sentences or (text.code and text.code.places[place] != PROSE):
        return False
    (word,) = text.words(place, place + 1)
    return word in CONDITIONS or kind_of(word) in (TokenKind.NEGATION, TokenKind.BOUND)


def _beginning(text: TokenLine, place: int) -> str:
    return " ".join(text.words(place, place + SHOWN))
