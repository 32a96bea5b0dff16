"""Whether a model can read texts: what share of their letters its tokenizer knows as parts of words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Protocol, runtime_checkable

LONGEST = 1000
"""Characters of a text that are looked at."""
FEWEST = 20
"""Letters that say enough."""
UNKNOWN, UNREAD = 0.1, 0.4
"""Shares of letters from which a corpus counts as unread: those that are no token, and those with them that are
tokens of their own, or several."""
MOSTLY = 0.4
"""Share of a script's letters that are not read from which it is named."""
NAMES = {"CJK": "Chinese characters"}

Span = tuple[int, int, bool]
"""Where the token begins in the text, where it ends, and whether it is one of the vocabulary."""


@runtime_checkable
class Spells(Protocol):
    """An encoder that tells how it takes texts apart."""

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """The tokens of each text, special ones aside, without a cut."""


class Seen(IntEnum):
    """What becomes of a letter: no token, a token of its own, several, or part of a longer one."""

    NOTHING, ALONE, IN_PIECES, WHOLE = range(4)


@dataclass
class Legibility:
    """Letters counted by what a tokenizer makes of them."""

    letters: Counter[str] = field(default_factory=Counter)
    """All of them, by script."""
    lost: Counter[str] = field(default_factory=Counter)
    """Those that are not read, by script."""
    unknown: int = 0
    """Those that are no token."""

    @property
    def unread(self) -> float:
        return self.lost.total() / self.letters.total() if self.letters else 0.0

    @property
    def poor(self) -> bool:
        """Whether so little is read that another model is needed."""
        count = self.letters.total()
        return count >= FEWEST and (self.unknown > UNKNOWN * count or self.unread > UNREAD)

    def add(self, text: str, spans: Iterable[Span]) -> None:
        """Count the letters of a text."""
        seen = _seen(text, spans)
        for place, letter in enumerate(text):
            if not letter.isalpha():
                continue
            script, kind = _script(letter), seen[place]
            self.letters[script] += 1
            self.unknown += kind == Seen.NOTHING
            if kind in (Seen.NOTHING, Seen.IN_PIECES) or (kind == Seen.ALONE and _spells(text, place)):
                self.lost[script] += 1

    def __str__(self) -> str:
        named = [name for name, count in self.lost.most_common(3) if count > MOSTLY * self.letters[name]]
        scripts = ", ".join(named) or "of many scripts"
        return (
            f"the encoder can hardly read these texts: {self.unread:.0%} of their letters ({scripts}) are "
            "outside its vocabulary, or known only one by one; choose a model of that language, or of many languages"
        )


def legibility(encoder: object, texts: Iterable[str]) -> Legibility:
    """What an encoder's tokenizer makes of the letters of texts; nothing of those of one that does not tell."""
    found = Legibility()
    if isinstance(encoder, Spells):
        starts = [text[:LONGEST] for text in texts]
        for text, spans in zip(starts, encoder.token_spans(starts), strict=True):
            found.add(text, spans)
    return found


def _seen(text: str, spans: Iterable[Span]) -> list[Seen]:
    seen = [Seen.NOTHING] * len(text)
    for start, end, known in spans:
        letters = [place for place in range(start, end) if text[place].isalpha()] if known else []
        for place in letters:
            if seen[place] != Seen.NOTHING:
                seen[place] = Seen.IN_PIECES
            else:
                seen[place] = Seen.WHOLE if len(letters) > 1 else Seen.ALONE
    return seen


def _spells(text: str, place: int) -> bool:
    """Whether a letter is one of several that spell a word, as those of syllabic scripts need not be."""
    if "\u3040" <= text[place] <= "\u9fff" or text[place] >= "\uac00":
        return False
    return any(each.isalpha() or unicodedata.category(each)[0] == "M" for each in _beside(text, place))


def _beside(text: str, place: int) -> str:
    return text[max(place - 1, 0) : place] + text[place + 1 : place + 2]


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "others").partition(" ")[0]
    return NAMES.get(name, name.capitalize())
