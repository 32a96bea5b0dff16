"""What differs between two texts in code: there every name counts, and what is added to a statement changes it."""

from __future__ import annotations

from collections.abc import Sequence

from miner.text.align import NEAR, Gap
from miner.text.code_blocks import CODE
from miner.text.lexicon import TokenKind
from miner.text.side_by_side import Difference, SideBySide, words
from miner.text.tokens import VOCABULARY, TokenLine


def contrast_in_code(
    both: SideBySide, gap: Gap, ours: Sequence[int], theirs: Sequence[int]
) -> Difference | None:
    """What of a gap, whose places that do not say the same are `ours` in the candidate and `theirs`, differs in code:
    code against other code, or a statement that goes on where the other text leaves it.
    """
    if not ours or not theirs or not (both.a.code or both.b.code):
        return None
    new, missing = _own(both.a, ours, both.b), _own(both.b, theirs, both.a)
    longer = _goes_on_with(both.a, gap.a, new) or _goes_on_with(both.b, gap.b, missing)
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


def other_signs(a: TokenLine, b: TokenLine) -> Difference | None:
    """What differs between the words of code in two texts that have the same words: a pointer, a pattern's mark."""
    if a.line != b.line or a.code != b.code or a.signs == b.signs:
        return None
    head = _alike(a.signs, b.signs)
    tail = _alike(a.signs[head:][::-1], b.signs[head:][::-1])
    return Difference(a.signs[head : len(a.signs) - tail], b.signs[head : len(b.signs) - tail])


def _alike(a: str, b: str) -> int:
    """Characters that are the same from the beginning."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _shared(same: bytearray, code: bytes) -> int:
    return sum(x and y == CODE for x, y in zip(same, code, strict=True))


def in_code(text: TokenLine, places: Sequence[int]) -> bool:
    """Whether all of these places stand in code, and not in a comment."""
    return bool(text.code) and all(text.code.places[i] == CODE for i in places)


def one_block(both: SideBySide, gap: Gap) -> bool:
    """Whether what lies at an end of both texts belongs to the block of code that they share."""
    if gap.left:
        return _goes_on(both.a, gap.a.start) and _goes_on(both.b, gap.b.start)
    return _goes_on(both.a, gap.a.stop) and _goes_on(both.b, gap.b.stop)


def _own(text: TokenLine, places: Sequence[int], other: TokenLine) -> list[int]:
    """Of the places those in code whose tokens say something that the other text lacks."""
    if not text.code:
        return []
    code, line, kinds = text.code.places, text.line, VOCABULARY.kinds
    return [
        i
        for i in places
        if code[i] == CODE and kinds[ord(line[i])] is not TokenKind.OPERATOR and line[i] not in other.line
    ]


def _goes_on_with(text: TokenLine, part: slice, own: Sequence[int]) -> bool:
    """Whether a text goes on the block of code that is in both texts with what is its own."""
    if not own or not _goes_on(text, part.start):
        return False
    return not any(place in text.code.begun for place in range(part.start, own[0] + 1))


def _goes_on(text: TokenLine, place: int) -> bool:
    """Whether a block of code goes on over the border before a place."""
    return 0 < place < len(text) and place not in text.code.begun and in_code(text, (place - 1, place))


def _shown(text: TokenLine, places: Sequence[int]) -> str:
    return " ".join(words(text, places[:NEAR]))
