"""How many passages of a corpus hold a word, or a run of four tokens: what is rare says what a text is about,
what many share is a template.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from miner.data import Float64, Int64, UInt64
from miner.text.tokens import VOCABULARY, Tokens, codes

GRAM = 4
TEMPLATE = 5
"""Runs of four tokens that no more passages hold are as good as unique."""
KNOWN = 2
"""Words that fewer passages hold are not kept."""
PRIMES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)
BATCH = 2**20
"""Hashes that are counted together."""


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Of a corpus, or of a sample of its passages, as sorted hashes and in how many passages each stands."""

    passages: int
    """Looked at."""
    words: UInt64
    """[2, W] hashes over counts of at least KNOWN."""
    grams: UInt64
    """[2, G] hashes over counts above TEMPLATE."""

    @classmethod
    def none(cls) -> Frequencies:
        """Of no corpus: everything is rare."""
        return cls(0, np.empty((2, 0), np.uint64), np.empty((2, 0), np.uint64))

    def of_words(self, tokens: Iterable[str]) -> list[int]:
        """In how many passages each stands; 0 where in fewer than KNOWN."""
        wanted = np.array([token_hash(token) for token in tokens], np.uint64)
        return _look_up(self.words, wanted).tolist()

    def weights(self, grams: UInt64, count: int) -> Float64:
        """[count] what each token of a text with these runs of four says: 1 where the run that begins there is as
        good as unique, less the more passages share it. The last three are of the last run.
        """
        if not len(grams):
            return np.ones(count)
        weights = np.minimum(1.0, TEMPLATE / np.maximum(1, _look_up(self.grams, grams)))
        return np.pad(weights, (0, count - len(weights)), mode="edge")

    def array(self) -> UInt64:
        """[2, 1 + W + G] all of it, for `read`."""
        head = np.array([[self.passages], [self.words.shape[1]]], np.uint64)
        return np.concatenate([head, self.words, self.grams], axis=1)

    @classmethod
    def read(cls, array: UInt64) -> Frequencies:
        count = int(array[1, 0])
        return cls(int(array[0, 0]), array[:, 1 : 1 + count], array[:, 1 + count :])


class FrequencyCounter:
    """Counts passages one by one; what it holds at a time is bounded by how much text it is given."""

    def __init__(self) -> None:
        self.passages = 0
        self._waiting: tuple[list[UInt64], list[UInt64]] = ([], [])
        self._size = 0
        self._words, self._grams = np.empty((2, 0), np.uint64), np.empty((2, 0), np.uint64)

    def add(self, text: str) -> None:
        if VOCABULARY.full:
            VOCABULARY.clear()
        self.passages += 1
        read = Tokens(text)
        self._waiting[0].append(np.unique(_hashes(read.line)))
        self._waiting[1].append(np.unique(gram_hashes(read.line)))
        self._size += len(read)
        if self._size > BATCH:
            self._settle()

    def _settle(self) -> None:
        self._words = _merged(self._words, self._waiting[0])
        self._grams = _merged(self._grams, self._waiting[1])
        self._waiting, self._size = ([], []), 0

    def result(self) -> Frequencies:
        self._settle()
        words, grams = self._words, self._grams
        return Frequencies(self.passages, words[:, words[1] >= KNOWN], grams[:, grams[1] > TEMPLATE])


def token_hash(token: str) -> int:
    """64 bits, the same in every process."""
    data = token.encode("utf-8", "surrogatepass")
    return zlib.crc32(data) << 32 | zlib.crc32(data, 0x9E3779B9)


def gram_hashes(line: str) -> UInt64:
    """[max(0, len(line) - 3)] of every run of four tokens."""
    hashes = _hashes(line)
    count = max(0, len(hashes) - GRAM + 1)
    out = np.zeros(count, np.uint64)
    for i, prime in enumerate(PRIMES):
        out += (hashes[i : i + count] ^ (hashes[i : i + count] >> np.uint64(29))) * prime
    return out


def _hashes(line: str) -> UInt64:
    return VOCABULARY.hashes(token_hash)[codes(line)]


def _merged(counted: UInt64, further: list[UInt64]) -> UInt64:
    if not further:
        return counted
    values, counts = np.unique(np.concatenate(further), return_counts=True)
    every = np.concatenate([counted[0], values])
    order = np.argsort(every, kind="stable")
    every, sums = every[order], np.concatenate([counted[1], counts.astype(np.uint64)])[order]
    first = np.flatnonzero(np.concatenate([[True], every[1:] != every[:-1]])) if len(every) else np.empty(0, np.int64)
    return np.stack([every[first], np.add.reduceat(sums, first)]) if len(first) else counted


def _look_up(table: UInt64, wanted: UInt64) -> Int64:
    if not table.shape[1]:
        return np.zeros(len(wanted), np.int64)
    places = np.minimum(np.searchsorted(table[0], wanted), table.shape[1] - 1)
    return np.where(table[0][places] == wanted, table[1][places], 0).astype(np.int64)
