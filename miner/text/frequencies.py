"""How many passages of a corpus hold a word, or a run of four tokens: what is rare says what a text is about,
what many share is a template.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from miner.data import Bool, Float64, Int64, UInt64
from miner.text.fold import PLACES, Folded
from miner.text.tokens import VOCABULARY, TokenLine, codes

GRAM = 4
TEMPLATE = 5
"""Runs of four tokens that no more passages hold are as good as unique."""
OFTEN = 2.0
KNOWN = 2
"""Words that fewer passages hold are not kept."""
PRIMES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)
BATCH = 2**16
"""Hashes that wait in memory."""
PIECES, SHIFT = 16, np.uint64(60)
"""Files of hashes, and what of a hash does not say which."""
WORDS = 2**15
"""Tokens that are known while counting."""


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Of a corpus, or of a sample of its passages, as sorted hashes and in how many passages each stands."""

    passages: int
    """Looked at."""
    words: UInt64
    """[2, W] hashes over counts of at least KNOWN."""
    grams: UInt64
    """[2, G] hashes over counts above TEMPLATE."""
    places: UInt64
    """[PLACES] in how many passages a shingle with this hash stands (fold.py)."""

    @classmethod
    def none(cls) -> Frequencies:
        """Of no corpus: everything is rare."""
        nothing = np.empty((2, 0), np.uint64)
        return cls(0, nothing, nothing, np.zeros(PLACES, np.uint64))

    @property
    def rare(self) -> Bool:
        """[PLACES] hashes of shingles that are in no template: in at most twice as many passages as most are."""
        return self.places <= max(TEMPLATE, OFTEN * float(np.median(self.places)))

    def of_words(self, tokens: Iterable[str]) -> list[int]:
        """In how many passages each stands; 0 where in fewer than KNOWN."""
        wanted = np.array([token_hash(token) for token in tokens], np.uint64)
        found: list[int] = _look_up(self.words, wanted).tolist()
        return found

    def weights(self, grams: UInt64, count: int) -> Float64:
        """[count] what each token of a text with these runs of four says: 1 where the run that begins there is as
        good as unique, less the more passages share it. The last three are of the last run.
        """
        if not len(grams):
            return np.ones(count)
        weights = np.minimum(1.0, TEMPLATE / np.maximum(1, _look_up(self.grams, grams)))
        out = np.full(count, weights[-1])
        out[: len(weights)] = weights
        return out

    def array(self) -> UInt64:
        """[2, 1 + PLACES / 2 + W + G] all of it, for `read`."""
        head = np.array([[self.passages], [self.words.shape[1]]], np.uint64)
        return np.concatenate([head, self.places.reshape(2, -1), self.words, self.grams], axis=1)

    @classmethod
    def read(cls, array: UInt64) -> Frequencies:
        start = 1 + PLACES // 2
        stop = start + int(array[1, 0])
        places = np.ascontiguousarray(array[:, 1:start]).ravel()
        return cls(int(array[0, 0]), array[:, start:stop], array[:, stop:], places)


class FrequencyCounter:
    """Counts passages one by one. Of many, hashes wait on disk, in files without names in a folder, so that memory
    holds no more than one piece of them.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.passages = 0
        self._words, self._grams = _Spilled(folder), _Spilled(folder)
        self._places = np.zeros(PLACES, np.uint64)

    def add(self, text: str) -> None:
        if len(VOCABULARY.tokens) > WORDS:
            VOCABULARY.clear()
        self.passages += 1
        line = TokenLine(text).line
        self._words.add(np.unique(_hashes(line)))
        self._grams.add(np.unique(gram_hashes(line)))
        self._places[Folded(text).places] += np.uint64(1)

    def result(self) -> Frequencies:
        words, grams = self._words.counted(KNOWN), self._grams.counted(TEMPLATE + 1)
        return Frequencies(self.passages, words, grams, self._places)


class _Spilled:
    """Hashes in memory, and on disk where they are more than BATCH, parted by their first bits."""

    def __init__(self, folder: Path | None) -> None:
        self._folder, self._files = folder, list[IO[bytes]]()
        self._waiting = [np.empty(0, np.uint64)]
        self._size = 0

    def add(self, hashes: UInt64) -> None:
        self._waiting.append(hashes)
        self._size += len(hashes)
        if self._size > BATCH:
            self._spill()

    def _spill(self) -> None:
        if not self._files:
            self._files = [TemporaryFile(dir=self._folder) for _ in range(PIECES)]  # noqa: SIM115
        every = np.sort(np.concatenate(self._waiting))
        ends = np.searchsorted(every >> SHIFT, np.arange(1, PIECES, dtype=np.uint64))
        for file, piece in zip(self._files, np.split(every, ends), strict=True):
            file.write(piece.tobytes())
        self._waiting, self._size = [np.empty(0, np.uint64)], 0

    def counted(self, least: int) -> UInt64:
        """[2, N] the hashes that were added at least so often, in order, over how often."""
        found = []
        for piece in self._pieces():
            values, counts = np.unique(piece, return_counts=True)
            found.append(np.stack([values, counts.astype(np.uint64)])[:, counts >= least])
        return np.concatenate(found, axis=1)

    def _pieces(self) -> Iterator[UInt64]:
        """All hashes, in order of their first bits."""
        if not self._files:
            yield np.concatenate(self._waiting)
            return
        self._spill()
        for file in self._files:
            file.seek(0)
            yield np.frombuffer(file.read(), np.uint64)
            file.close()


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


def _look_up(table: UInt64, wanted: UInt64) -> Int64:
    if not table.shape[1]:
        return np.zeros(len(wanted), np.int64)
    places = np.minimum(np.searchsorted(table[0], wanted), table.shape[1] - 1)
    return np.where(table[0][places] == wanted, table[1][places], 0).astype(np.int64)
