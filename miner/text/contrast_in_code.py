"""What differs between two texts in code: there every name counts, and what is added to a statement changes it."""

from __future__ import annotations

from collections.abc import Sequence

from miner.text.align import NEAR, Gap
from miner.text.lexicon import TokenKind
from miner.text.side_by_side import Difference, SideBySide, words
from miner.text.tokens import VOCABULARY, TokenLine

_SAYS_NOTHING = (TokenKind.WEAK, TokenKind.OPERATOR)


def contrast_in_code(
    both: SideBySide, gap: Gap, ours: Sequence[int], theirs: Sequence[int]
) -> Difference | None:
    """What of a gap, whose places that do not say the same are `ours` in the candidate and `theirs`, differs in code:
    code against other code, or a statement that goes on where the other text leaves it.
    """
    if not ours or not theirs or not (both.a.code or both.b.code):
        return None
    new, missing = _own(both.a, ours, both.b), _own(both.b, theirs, both.a)
    longer = _goes_on(both.a, gap.a, new) or _goes_on(both.b, gap.b, missing)
    if (new and missing) or (longer and gap.left and not gap.right):
        return Difference(_shown(both.a, new or ours), _shown(both.b, missing or theirs))
    return None


def other_code(both: SideBySide, gaps: Sequence[Gap]) -> Difference | None:
    """The code that either of two texts has and the other lacks, if what they share is code for the most part."""
    code_a, code_b = both.a.code.places, both.b.code.places
    if not (code_a and code_b) or 2 * _shared(both.same_a, code_a) <= both.same_a.count(1):
        return None
    new = [
        i for gap in gaps for i in _own(both.a, range(gap.a.start, gap.a.stop), both.b) if not both.same_a[i]
    ]
    missing = [
        i for gap in gaps for i in _own(both.b, range(gap.b.start, gap.b.stop), both.a) if not both.same_b[i]
    ]
    return Difference(_shown(both.a, new), _shown(both.b, missing)) if new and missing else None


def _shared(same: bytearray, code: bytes) -> int:
    return sum(x & y for x, y in zip(same, code, strict=True))


def in_code(text: TokenLine, places: Sequence[int]) -> bool:
    return bool(text.code) and all(text.code.places[i] for i in places)


def _own(text: TokenLine, places: Sequence[int], other: TokenLine) -> list[int]:
    """Of the places those in code whose tokens say something that the other text lacks."""
    if not text.code:
        return []
    code, line, kinds = text.code.places, text.line, VOCABULARY.kinds
    return [
        i
        for i in places
        if code[i] and kinds[ord(line[i])] not in _SAYS_NOTHING and line[i] not in other.line
    ]


def _goes_on(text: TokenLine, part: slice, own: Sequence[int]) -> bool:
    """Whether what a text has of its own goes on the block of code that is in both texts."""
    start = part.start
    if not own or start in text.code.begun or not (text.code.places[start] and text.code.places[start - 1]):
        return False
    return not any(place in text.code.begun for place in range(start, own[0] + 1))


def _shown(text: TokenLine, places: Sequence[int]) -> str:
    return " ".join(words(text, places[:NEAR]))
