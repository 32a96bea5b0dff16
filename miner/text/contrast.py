"""What differs between two texts that share much: presentation, or something that makes them say another thing.

A gap between runs in common is aligned word by word. Content against content is a contrast, and so is a number,
a negation, an operator or a bound that one side has alone; words that only hold a sentence together are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from miner.text.align import NEAR, Alignment, Gap
from miner.text.frequencies import Frequencies
from miner.text.lexicon import TokenKind
from miner.text.tokens import VOCABULARY, TokenLine, unaccented
from miner.text.variants import Form, form

WEIGHTY = frozenset({TokenKind.NUMBER, TokenKind.NEGATION, TokenKind.OPERATOR, TokenKind.BOUND})
"""Kinds that change a statement by being there."""
_HOLDING = (TokenKind.WEAK, TokenKind.FUNCTION)
ADDED = 4
"""Tokens from which on a clause or sentence that one side has alone is an addition, not a qualifier."""
DROPPED = 4
"""Gaps from which on words that only one side lacks were left out by accident."""
KNOWN_WELL, HARDLY = 3, 1
"""Passages that hold a word which the corpus knows well, and one that it hardly knows."""


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
    for gap in alignment.gaps if every else sorted(alignment.gaps, key=_size):
        _judge(both, gap)
        if both.contrasts and not every:
            break
    sides = {ours for ours, _ in both.lone}
    if not (len(both.lone) >= DROPPED and len(sides) == 1):
        both.contrasts += [difference for _, difference in both.lone]
    return both


def _size(gap: Gap) -> int:
    """What judging it costs."""
    return int((gap.a.stop - gap.a.start) * (gap.b.stop - gap.b.start))


def _judge(both: SideBySide, gap: Gap) -> None:
    """Add what a gap tells."""
    left_a = [i for i in range(gap.a.start, gap.a.stop) if not both.same_a[i]]
    left_b = [j for j in range(gap.b.start, gap.b.stop) if not both.same_b[j]]
    if not (gap.left and gap.right):
        left_a, left_b = _at_edge(both, gap, left_a, left_b)
    if not left_a and not left_b:
        return
    if max(len(left_a), len(left_b)) > NEAR:
        _seek(both, gap, left_a, left_b)
        return
    pairs = _pairs(both, left_a, left_b)
    for i, j in pairs:
        both.same_a[i] = both.same_b[j] = 1
    for ours, theirs in _between(left_a, left_b, pairs):
        _weigh(both, ours, theirs)


def _seek(both: SideBySide, gap: Gap, ours: list[int], theirs: list[int]) -> None:
    """Add what a short piece says that stands within a text against a long one without its words."""
    a, b = both.a, both.b
    short, long = sorted(((ours, a), (theirs, b)), key=lambda side: len(side[0]))
    if not (gap.left and gap.right and short[0]) or len(short[0]) > NEAR:
        return
    there = {long[1].line[i] for i in long[0]}
    missing = [i for i in short[0] if short[1].line[i] not in there]
    if any(kind is not TokenKind.FUNCTION for _, kind in _strong(short[1], missing)):
        both.contrasts.append(
            Difference(" ".join(_words(a, ours[:NEAR])), " ".join(_words(b, theirs[:NEAR])))
        )


def _at_edge(both: SideBySide, gap: Gap, ours: list[int], theirs: list[int]) -> tuple[list[int], list[int]]:
    """What of the head or the tail of two texts stands against each other: nothing, where one of them is an
    excerpt or goes on elsewhere.
    """
    if not (gap.left or gap.right):
        return (ours, theirs) if max(len(ours), len(theirs)) <= NEAR else ([], [])
    short, long = sorted((ours, theirs), key=len)
    if not long:
        return ours, theirs
    text, other = (both.a, both.b) if long is ours else (both.b, both.a)
    if not short:
        return ([], []) if _apart(text, other, gap, long) else (ours, theirs)
    if _cut_within_word(_words(other, short), _words(text, long), gap):
        return [], []
    if len(long) <= NEAR:
        if _stands_alone(other, short) != _stands_alone(text, long):
            return [], []
        return ours, theirs
    if len(short) > ADDED * 2 or _stands_alone(other, short):
        return [], []
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


def _pairs(both: SideBySide, ours: Sequence[int], theirs: Sequence[int]) -> list[tuple[int, int]]:
    """The places of words that are the same, best alignment of all (Needleman and Wunsch 1970)."""
    rows, columns = len(ours), len(theirs)
    equal = [[_alike(both, i, j) for j in theirs] for i in ours]
    if not any(map(any, equal)):
        return []
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            found = max(best[i + 1][j], best[i][j + 1])
            if equal[i][j]:
                found = max(found, best[i + 1][j + 1] + equal[i][j])
            best[i][j] = found
    pairs, i, j = list[tuple[int, int]](), 0, 0
    while i < rows and j < columns:
        if equal[i][j] and best[i][j] == best[i + 1][j + 1] + equal[i][j]:
            pairs.append((ours[i], theirs[j]))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _alike(both: SideBySide, i: int, j: int) -> int:
    """0 for two words that are not the same; more for those that are it more surely."""
    x, y = both.a.line[i], both.b.line[j]
    if x == y:
        return 4
    a, b = VOCABULARY.tokens[ord(x)], VOCABULARY.tokens[ord(y)]
    found = form(a, b)
    if found is Form.SAME:
        return 3
    if found is Form.CASE:
        return 3 if both.a.one_case or both.b.one_case else 0
    if found is Form.ACCENT:
        return 3 if both.a.plain or both.b.plain else 0
    if found in (Form.TYPO, Form.EDIT):
        return 2 if _mistyped(both, (a, b), (i, j), found) else 0
    return 0


def _mistyped(both: SideBySide, words: tuple[str, str], places: tuple[int, int], found: Form) -> bool:
    """Whether one of two close words is the other one with an error: the corpus tells, else the kind of error."""
    rare, known = sorted(both.frequencies.of_words(words))
    if rare >= KNOWN_WELL:
        return False
    if known >= KNOWN_WELL and rare <= HARDLY:
        return True
    return found is Form.TYPO and not _names(both, places)


def _names(both: SideBySide, places: tuple[int, int]) -> bool:
    """Whether both words are capitals within a sentence: names differ by a letter."""
    i, j = places
    a, b = both.a, both.b
    return a.capital(i) and b.capital(j) and i not in a.sentences and j not in b.sentences


def _between(
    ours: Sequence[int], theirs: Sequence[int], pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[list[int], list[int]]]:
    """What is left on both sides between pairs, before the first and after the last."""
    i = j = 0
    for x, y in [*pairs, (-1, -1)]:
        stop_i = ours.index(x) if x >= 0 else len(ours)
        stop_j = theirs.index(y) if y >= 0 else len(theirs)
        if stop_i > i or stop_j > j:
            yield list(ours[i:stop_i]), list(theirs[j:stop_j])
        i, j = stop_i + 1, stop_j + 1


def _weigh(both: SideBySide, ours: list[int], theirs: list[int]) -> None:
    """Add what two pieces that stand against each other tell."""
    x, y = _words(both.a, ours), _words(both.b, theirs)
    if _joined(x, y) or _joined_with_neighbours(both, ours, theirs):
        _mark(both, ours, theirs)
        return
    strong_x, strong_y = _strong(both.a, ours), _strong(both.b, theirs)
    difference = Difference(" ".join(x), " ".join(y))
    if x and y and ((strong_x and strong_y) or _letters(x, y)):
        both.contrasts.append(difference)
    elif strong_x or strong_y:
        text, places = (both.a, ours) if strong_x else (both.b, theirs)
        strong = strong_x or strong_y
        if _addition(text, places):
            return
        if any(kind in WEIGHTY for _, kind in strong):
            both.contrasts.append(difference)
        elif any(kind is TokenKind.CONTENT for _, kind in strong):
            both.lone.append((bool(strong_x), difference))


def _words(text: TokenLine, places: Sequence[int]) -> list[str]:
    return [VOCABULARY.tokens[ord(text.line[i])] for i in places]


def _joined(x: Sequence[str], y: Sequence[str]) -> bool:
    """Whether the same letters are only set apart otherwise."""
    one, other = "".join(x), "".join(y)
    return bool(one) and unaccented(one) == unaccented(other) and not one.isdecimal()


def _joined_with_neighbours(both: SideBySide, ours: Sequence[int], theirs: Sequence[int]) -> bool:
    """As _joined, with the words around, which may be parts of it: 'a cross' for 'across'."""
    if not ours or not theirs:
        return False
    x, y = both.a.line, both.b.line
    for before in (0, 1):
        for after in (0, 1):
            a = range(max(0, ours[0] - before), min(len(x), ours[-1] + 1 + after))
            b = range(max(0, theirs[0] - before), min(len(y), theirs[-1] + 1 + after))
            if before + after and _joined(_words(both.a, a), _words(both.b, b)):
                return True
    return False


def _mark(both: SideBySide, ours: Sequence[int], theirs: Sequence[int]) -> None:
    for i in ours:
        both.same_a[i] = 1
    for j in theirs:
        both.same_b[j] = 1


def _strong(text: TokenLine, places: Sequence[int]) -> list[tuple[str, TokenKind]]:
    """The words that say something, those that only repeat the one before left out."""
    found = list[tuple[str, TokenKind]]()
    for i in places:
        kind = VOCABULARY.kinds[ord(text.line[i])]
        if (
            kind is not TokenKind.WEAK
            and text.line[i] != text.line[i - 1 : i]
            and text.line[i] != text.line[i + 1 : i + 2]
        ):
            found.append((VOCABULARY.tokens[ord(text.line[i])], kind))
    return found


def _letters(x: Sequence[str], y: Sequence[str]) -> bool:
    """Whether single letters or places in an array stand against each other, which name things: plan a, plan b."""
    if len(x) != 1 or len(y) != 1 or x == y:
        return False
    return (len(x[0]) == len(y[0]) == 1 and (x[0] + y[0]).isalpha()) or x[0][0] == y[0][0] == "["


def _addition(text: TokenLine, places: Sequence[int]) -> bool:
    """Whether a piece is a sentence of its own, or a clause with no number or denial in it."""
    if any(j - i > 1 for i, j in pairwise(places)):
        return False
    outer = places[0] == 0 or places[-1] == len(text) - 1
    if places[0] in text.sentences and places[-1] + 1 in text.sentences and (outer or len(places) >= ADDED):
        return True
    if len(places) < ADDED or not (places[0] in text.clauses and places[-1] + 1 in text.clauses):
        return False
    return not any(VOCABULARY.kinds[ord(text.line[i])] in WEIGHTY for i in places)
