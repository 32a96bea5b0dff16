"""Which words of two pieces of text are the same: those of the best alignment of all (Needleman and Wunsch 1970)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from miner.text.contrast_in_code import in_code
from miner.text.side_by_side import SideBySide, words
from miner.text.variants import Form, form, reach

KNOWN_WELL, HARDLY = 3, 1
"""Passages that hold a word which the corpus knows well, and one that it hardly knows."""


def paired(both: SideBySide, ours: Sequence[int], theirs: Sequence[int]) -> list[tuple[int, int]]:
    """What of the places `ours` of the candidate and `theirs` of the relevant passage holds the same words, as
    positions among them.
    """
    rows = _alike(both, ours, theirs)
    if not rows:
        return []
    columns = len(theirs)
    best = [[0] * (columns + 1)]
    for _, equal in reversed(rows):
        best.append(_row(equal, best[-1]))
    best.reverse()
    pairs, i, j = list[tuple[int, int]](), 0, 0
    while i < len(rows) and j < columns:
        here, below = best[i], best[i + 1]
        place, equal = rows[i]
        if equal[j] and here[j] == below[j + 1] + equal[j]:
            pairs.append((place, j))
            i, j = i + 1, j + 1
        elif below[j] >= here[j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _row(equal: Sequence[int], below: Sequence[int]) -> list[int]:
    """A row of the table of best alignments from a place of either text on, given the one below."""
    row, found = [0] * len(below), 0
    for j in range(len(equal) - 1, -1, -1):
        if equal[j] and below[j + 1] + equal[j] > found:
            found = below[j + 1] + equal[j]
        if below[j] > found:
            found = below[j]
        row[j] = found
    return row


def _alike(both: SideBySide, ours: Sequence[int], theirs: Sequence[int]) -> list[tuple[int, list[int]]]:
    """Of each position of ours that has the word of any of theirs, how surely it is each: 0 for another word."""
    others = words(both.b, theirs)
    known = [(both.b.line[j], word, j, reach(word)) for j, word in zip(theirs, others, strict=True)]
    most, found = reduce(or_, (within for *_, within in known), 0), list[tuple[int, list[int]]]()
    for position, (i, word) in enumerate(zip(ours, words(both.a, ours), strict=True)):
        reached = reach(word)
        if not reached & most:
            continue
        character = both.a.line[i]
        equal = [
            4 if character == there else _sureness(both, (word, other), (i, j)) if reached & within else 0
            for there, other, j, within in known
        ]
        if any(equal):
            found.append((position, equal))
    return found


def _sureness(both: SideBySide, pair: tuple[str, str], places: tuple[int, int]) -> int:
    """0 for two words that are not the same, as all that differ are in code; more for those that surely are it."""
    found = form(*pair)
    if found is Form.OTHER or (in_code(both.a, places[:1]) and in_code(both.b, places[1:])):
        return 0
    if found is Form.SAME:
        return 3
    if found is Form.CASE:
        return 3 if both.a.one_case or both.b.one_case else 0
    if found is Form.ACCENT:
        return 3 if both.a.plain or both.b.plain else 0
    return 2 if _mistyped(both, pair, places, found) else 0


def _mistyped(both: SideBySide, pair: tuple[str, str], places: tuple[int, int], found: Form) -> bool:
    """Whether one of two close words is the other one with an error: the corpus tells, else the kind of error."""
    rare, known = sorted(both.frequencies.of_words(pair))
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
