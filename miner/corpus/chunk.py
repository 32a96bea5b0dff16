"""Sections of a document to passages within a token limit.

A section is cut only where it must be: at the coarsest places first (blocks, then what lies in them),
then between sentences, lines, words, and last inside a word. What lies between two cuts is never
split, and neighbours are packed together again up to the limit.
"""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from miner.data import CountTokens
from miner.errors import ConfigError

Cut = Callable[[str, int, int], list[int]]

MAX_TOKENS = 254
"""What most small encoders take of a text, 256, less the two special tokens they add."""
CHARACTERS_PER_TOKEN = 32
"""A piece with more characters than this for each token of room is too long without counting."""

SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*\s+|[。！？｡]+[\"'”’」』）]*\s*")
_LINE = re.compile(r"\r\n?|\n")
_WORD = re.compile(r"\s+")


def estimate(texts: Sequence[str]) -> list[int]:
    """Tokens where no tokenizer is at hand: a quarter of the UTF-8 bytes, rounded up."""
    return [-(-len(text.encode("utf-8", "surrogatepass")) // 4) for text in texts]


@dataclass(frozen=True, slots=True)
class Section:
    """text[start:end] under one heading path. `cuts`: sorted places to cut at, the coarsest first."""

    title: str
    start: int
    end: int
    cuts: tuple[Sequence[int], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    start: int
    end: int
    tokens: float


@dataclass(frozen=True)
class Chunker:
    """Splits sections into passages whose title and text together have up to `max_tokens`.

    A title never takes more than half of the room. A word that is longer than the room is split.
    """

    max_tokens: int = MAX_TOKENS
    count_tokens: CountTokens = estimate

    def __post_init__(self) -> None:
        if self.max_tokens < 8:
            raise ConfigError(f"passages of {self.max_tokens} tokens are too short; expected at least 8")

    def spans(self, text: str, section: Section) -> Iterator[tuple[int, int]]:
        """Where the passages of the section start and end, without the space around them."""
        title = self.count_tokens([f"{section.title}\n"])[0] if section.title else 0
        room = max(self.max_tokens - title, self.max_tokens // 2)
        for start, end in _packed(self._pieces(text, section, room), room):
            body = text[start:end]
            if stripped := body.strip():
                start += len(body) - len(body.lstrip())
                yield start, start + len(stripped)

    def _pieces(self, text: str, section: Section, room: int) -> list[Piece]:
        pieces = self._counted(text, [section.start, section.end], room)
        for cut in _cuts(section):
            if all(_fits(piece, room) for piece in pieces):
                break
            pieces = list(
                itertools.chain.from_iterable(
                    [piece] if _fits(piece, room) else self._cut(text, piece, cut, room) for piece in pieces
                )
            )
        return pieces

    def _cut(self, text: str, piece: Piece, cut: Cut, room: int) -> list[Piece]:
        inside = [place for place in cut(text, piece.start, piece.end) if piece.start < place < piece.end]
        if not inside:
            return [piece]
        return self._counted(text, [piece.start, *inside, piece.end], room)

    def _counted(self, text: str, places: Sequence[int], room: int) -> list[Piece]:
        spans = list(itertools.pairwise(places))
        short = [text[a:b] for a, b in spans if b - a <= room * CHARACTERS_PER_TOKEN]
        counts = iter(self.count_tokens(short) if short else [])
        return [
            Piece(a, b, next(counts) if b - a <= room * CHARACTERS_PER_TOKEN else math.inf) for a, b in spans
        ]


def _fits(piece: Piece, room: int) -> bool:
    return piece.tokens <= room or piece.end - piece.start == 1


def _packed(pieces: Sequence[Piece], room: int) -> Iterator[tuple[int, int]]:
    start, total = pieces[0].start, 0.0
    for piece in pieces:
        if total and total + piece.tokens > room:
            yield start, piece.start
            start, total = piece.start, 0.0
        total += piece.tokens
    yield start, pieces[-1].end


def _cuts(section: Section) -> Iterator[Cut]:
    yield from (_at(places) for places in section.cuts)
    yield from (_after(pattern) for pattern in (SENTENCE, _LINE, _WORD))
    yield from itertools.repeat(_middle)


def _at(places: Sequence[int]) -> Cut:
    def cut(text: str, start: int, end: int) -> list[int]:
        return list(places[bisect_right(places, start) : bisect_left(places, end)])

    return cut


def _after(pattern: re.Pattern[str]) -> Cut:
    def cut(text: str, start: int, end: int) -> list[int]:
        return [match.end() for match in pattern.finditer(text, start, end)]

    return cut


def _middle(text: str, start: int, end: int) -> list[int]:
    return [(start + end) // 2]
