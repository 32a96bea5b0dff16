"""Sentences that return in many texts: footers, calls to action, notices.

Two streams: `learn` counts in how many texts each sentence stands, `without` takes the frequent ones out.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from miner.corpus.chunk import SENTENCE

SHARE = 0.1
"""A sentence in more than this share of the texts is boilerplate."""
LEAST = 5
"""But never one in fewer texts than this."""
SHORTEST = 8
"""Characters a sentence must have to count."""
REMEMBERED = 2_000_000
"""Sentences counted at once; beyond, those seen least are forgotten, which a share of 0.1 survives."""

_BORDER = re.compile(rf"{SENTENCE.pattern}|\s*\n\s*")


def learn(texts: Iterable[str], share: float = SHARE) -> frozenset[str]:
    """Digests of the sentences that stand in more than `share` of the texts."""
    counts: Counter[str] = Counter()
    total = forgotten = 0
    for text in texts:
        total += 1
        counts.update({digest(sentence) for sentence, _ in _sentences(text) if _counts(sentence)})
        if len(counts) > REMEMBERED:
            forgotten += 1
            counts = Counter({key: count for key, count in counts.items() if count > forgotten})
    return frozenset(key for key, count in counts.items() if count >= LEAST and count > share * total)


def without(text: str, boilerplate: frozenset[str]) -> str:
    """The text without the sentences of these digests, and without the space after them."""
    return "".join(
        sentence + border
        for sentence, border in _sentences(text)
        if not (_counts(sentence) and digest(sentence) in boilerplate)
    ).rstrip()


def digest(sentence: str) -> str:
    return hashlib.blake2b(_folded(sentence).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _counts(sentence: str) -> bool:
    return len(_folded(sentence)) >= SHORTEST


def _folded(sentence: str) -> str:
    return " ".join(sentence.casefold().split())


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Each sentence or line with the space that follows it; together they are the text."""
    last = 0
    for border in _BORDER.finditer(text):
        piece = text[last : border.end()]
        sentence = piece.rstrip()
        yield sentence, piece[len(sentence) :]
        last = border.end()
    yield text[last:], ""
