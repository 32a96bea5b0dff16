"""What differs between two texts that share much: presentation, or something that makes them say another thing.

A gap between runs in common is aligned word by word. Content against content is a contrast, and so is a number,
a negation, an operator or a bound that one side has alone; words that only hold a sentence together are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from miner.text.align import NEAR, Alignment, Gap
from miner.text.code_blocks import CODE, COMMENT, PROSE
from miner.text.conditions import condition
from miner.text.contrast_in_code import contrast_in_code, in_code, one_block, other_code, other_signs
from miner.text.frequencies import Frequencies
from miner.text.lexicon import TokenKind
from miner.text.side_by_side import Difference, SideBySide, words
from miner.text.tokens import VOCABULARY, TokenLine, unaccented
from miner.text.word_pairs import paired

WEIGHTY = frozenset({TokenKind.NUMBER, TokenKind.NEGATION, TokenKind.OPERATOR, TokenKind.BOUND})
"""Kinds that change a statement by being there."""
_HOLDING = (TokenKind.WEAK, TokenKind.FUNCTION)
ADDED = 4
"""Tokens from which on a clause or sentence that one side has alone is an addition, not a qualifier."""
DROPPED = 4
"""Gaps from which on words that only one side lacks were left out by accident."""


def contrasts(
    a: TokenLine, b: TokenLine, alignment: Alignment, frequencies: Frequencies, every: bool = True
) -> SideBySide:
    """What of the candidate a and the relevant passage b differs in meaning, and what is the same; unless `every`
    contrast is asked for, no more than the first.
    """
    both = SideBySide(a, b, frequencies, bytearray(len(a)), bytearray(len(b)), [], [])
    for run in (*alignment.chain, *alignment.moved):
        both.same_a[run.a : run.a + run.size] = b"\x01" * run.size
        both.same_b[run.b : run.b + run.size] = b"\x01" * run.size
    if found := other_code(both, alignment.gaps) or other_signs(a, b):
        both.contrasts.append(found)
    for gap in alignment.gaps if every else sorted(alignment.gaps, key=_size):
        if both.contrasts and not every:
            break
        _judge(both, gap, every)
    sides = {ours for ours, _ in both.lone}
    if not (len(both.lone) >= DROPPED and len(sides) == 1):
        both.contrasts += [difference for _, difference in both.lone]
    return both


def _size(gap: Gap) -> int:
    """What judging it costs."""
    return int((gap.a.stop - gap.a.start) * (gap.b.stop - gap.b.start))


def _judge(both: SideBySide, gap: Gap, every: bool) -> None:
    """Add what a gap tells, up to its first contrast unless `every` one is asked for."""
    left_a, left_b = _left(both.same_a, gap.a), _left(both.same_b, gap.b)
    between = gap.left and gap.right
    if not between or max(len(left_a), len(left_b)) > NEAR:
        found = contrast_in_code(both, gap, left_a, left_b) or condition(both, gap)
        both.contrasts += [found] if found else []
    if not between:
        left_a, left_b = _at_edge(both, gap, left_a, left_b)
    if max(len(left_a), len(left_b)) > NEAR:
        _seek(both, gap, left_a, left_b)
    elif left_a or left_b:
        _pair(both, left_a, left_b, every)


def _pair(both: SideBySide, left_a: Sequence[int], left_b: Sequence[int], every: bool) -> None:
    """Lay the words of a short gap beside each other, and add what differs."""
    pairs = paired(both, left_a, left_b)
    for i, j in pairs:
        both.same_a[left_a[i]] = both.same_b[left_b[j]] = 1
    for ours, theirs in _between(left_a, left_b, pairs):
        _weigh(both, ours, theirs)
        if both.contrasts and not every:
            return


def _left(same: bytearray, part: slice) -> Sequence[int]:
    """The places of a part that do not say the same yet."""
    places = range(part.start, part.stop)
    return places if same.find(1, part.start, part.stop) < 0 else [i for i in places if not same[i]]


def _seek(both: SideBySide, gap: Gap, ours: Sequence[int], theirs: Sequence[int]) -> None:
    """Add what a short piece says that stands within a text against a long one without its words."""
    a, b = both.a, both.b
    short, long = sorted(((ours, a), (theirs, b)), key=lambda side: len(side[0]))
    if not (gap.left and gap.right and short[0]) or len(short[0]) > NEAR:
        return
    there = {long[1].line[i] for i in long[0]}
    missing = [i for i in short[0] if short[1].line[i] not in there]
    if any(kind is not TokenKind.FUNCTION for kind in _strong(short[1], missing)):
        both.contrasts.append(Difference(" ".join(words(a, ours[:NEAR])), " ".join(words(b, theirs[:NEAR]))))


def _at_edge(
    both: SideBySide, gap: Gap, ours: Sequence[int], theirs: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    """What of the head or the tail of two texts stands against each other: nothing, where one of them is an
    excerpt or goes on elsewhere.
    """
    if not (gap.left or gap.right):
        return (ours, theirs) if max(len(ours), len(theirs)) <= NEAR else ([], [])
    short, long = sorted((ours, theirs), key=len)
    if not long or (short and len(long) <= NEAR and one_block(both, gap)):
        return ours, theirs
    text, other = (both.a, both.b) if long is ours else (both.b, both.a)
    if not short:
        return ([], []) if _apart(text, other, gap, long) else (ours, theirs)
    if len(long) > NEAR and (len(short) > ADDED * 2 or _stands_alone(other, short)):
        return [], []
    if _cut_within_word(words(other, short), words(text, long), gap):
        return [], []
    if len(long) <= NEAR:
        if _stands_alone(other, short) != _stands_alone(text, long):
            return [], []
        return ours, theirs
    beside = long[: len(short) + 2] if gap.left else long[-len(short) - 2 :]
    return (beside, theirs) if long is ours else (ours, beside)


def _stands_alone(text: TokenLine, places: Sequence[int]) -> bool:
    return places[0] in text.sentences and places[-1] + 1 in text.sentences


def _apart(text: TokenLine, other: TokenLine, gap: Gap, long: Sequence[int]) -> bool:
    """Whether what only one text has at an end is a sentence of its own, or the other one was cut off there."""
    inner = long[0] if gap.left else long[-1] + 1
    if inner in text.sentences or len(long) > ADDED:
        return True
    if gap.left:
        return text.closed and not other.closed and len(other) > 2 * NEAR
    heading = text.capital(inner) and other.capital(0) and text.kinds(inner, inner + 1)[0] in _HOLDING
    return heading or (text.capital(0) and not other.capital(0) and not other.one_case)


def _cut_within_word(short: Sequence[str], long: Sequence[str], gap: Gap) -> bool:
    """Whether the shorter piece, at the end of a text, is where the longer one was cut off."""
    one, whole = "".join(short), "".join(long)
    return whole.startswith(one) if gap.left else whole.endswith(one)


def _between(
    ours: Sequence[int], theirs: Sequence[int], pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """What is left on both sides between pairs of positions, before the first and after the last."""
    i = j = 0
    for x, y in [*pairs, (len(ours), len(theirs))]:
        if x > i or y > j:
            yield ours[i:x], theirs[j:y]
        i, j = x + 1, y + 1


def _weigh(both: SideBySide, ours: Sequence[int], theirs: Sequence[int]) -> None:
    """Add what two pieces that stand against each other tell."""
    x, y = words(both.a, ours), words(both.b, theirs)
    if _joined("".join(x), "".join(y)) or _joined_with_neighbours(both, ours, theirs):
        _mark(both, ours, theirs)
        return
    strong_x, strong_y = _strong(both.a, ours), _strong(both.b, theirs)
    if x and y and ((strong_x and strong_y) or _letters(x, y)):
        both.contrasts.append(Difference(" ".join(x), " ".join(y)))
    elif strong_x or strong_y:
        text, places = (both.a, ours) if strong_x else (both.b, theirs)
        strong = strong_x or strong_y
        if _addition(text, places):
            return
        if not WEIGHTY.isdisjoint(strong):
            both.contrasts.append(Difference(" ".join(x), " ".join(y)))
        elif TokenKind.CONTENT in strong:
            both.lone.append((bool(strong_x), Difference(" ".join(x), " ".join(y))))


def _joined(one: str, other: str) -> bool:
    """Whether the same letters are only set apart otherwise."""
    return bool(one) and unaccented(one) == unaccented(other) and not one.isdecimal()


def _joined_with_neighbours(both: SideBySide, ours: Sequence[int], theirs: Sequence[int]) -> bool:
    """As _joined, with the words around, which may be parts of it: 'a cross' for 'across'."""
    if not ours or not theirs:
        return False
    before, one, after = _with_neighbours(both.a, ours)
    earlier, other, later = _with_neighbours(both.b, theirs)
    return (
        _joined(one + after, other + later)
        or _joined(before + one, earlier + other)
        or _joined(before + one + after, earlier + other + later)
    )


def _with_neighbours(text: TokenLine, places: Sequence[int]) -> tuple[str, str, str]:
    """The word before places, what stands from the first to the last of them, and the word behind."""
    first, stop = places[0], places[-1] + 1
    before, after = text.words(max(0, first - 1), first), text.words(stop, stop + 1)
    return "".join(before), "".join(text.words(first, stop)), "".join(after)


def _mark(both: SideBySide, ours: Sequence[int], theirs: Sequence[int]) -> None:
    for i in ours:
        both.same_a[i] = 1
    for j in theirs:
        both.same_b[j] = 1


def _strong(text: TokenLine, places: Sequence[int]) -> list[TokenKind]:
    """The kinds of the words that say something, those that only repeat the one before left out. In code all do, in its
    comments none.
    """
    line, kinds, found = text.line, VOCABULARY.kinds, list[TokenKind]()
    for i in places:
        character = line[i]
        where = text.code.places[i] if text.code else PROSE
        kind = kinds[ord(character)]
        if where == CODE and kind in (TokenKind.WEAK, TokenKind.FUNCTION):
            kind = TokenKind.CONTENT
        repeated = character == line[i - 1 : i] or character == line[i + 1 : i + 2]
        if where == COMMENT or kind is TokenKind.WEAK or repeated:
            continue
        found.append(kind)
    return found


def _letters(x: Sequence[str], y: Sequence[str]) -> bool:
    """Whether single letters or places in an array stand against each other, which name things: plan a, plan b."""
    if len(x) != 1 or len(y) != 1 or x == y:
        return False
    return (len(x[0]) == len(y[0]) == 1 and (x[0] + y[0]).isalpha()) or x[0][0] == y[0][0] == "["


def _addition(text: TokenLine, places: Sequence[int]) -> bool:
    """Whether a piece is a sentence of its own, or a clause with no number or denial in it."""
    if any(j - i > 1 for i, j in pairwise(places)) or in_code(text, places):
        return False
    outer = places[0] == 0 or places[-1] == len(text) - 1
    if places[0] in text.sentences and places[-1] + 1 in text.sentences and (outer or len(places) >= ADDED):
        return True
    if len(places) < ADDED or not (places[0] in text.clauses and places[-1] + 1 in text.clauses):
        return False
    return not any(VOCABULARY.kinds[ord(text.line[i])] in WEIGHTY for i in places)
