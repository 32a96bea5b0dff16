"""Near copies among many candidates: every text is read once, most are told apart by what they weigh in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from miner.data import Bool
from miner.text.copies import Copies, CopyVerdict, Weighed, close, judge_copy
from miner.text.fold import Folded
from miner.text.frequencies import Frequencies
from miner.text.kept import kept
from miner.text.tokens import VOCABULARY, TokenLine

SHARED, SPARED = 0.4, 1
"""Share of the rare shingles of the text that has fewer which a copy has too, so many fewer where there are few."""
HELD = 2**24
"""How long the texts are that are kept, read: that takes some forty times as much."""


class NearCopies:
    """The rule for near copies with the statistics of one corpus."""

    def __init__(self, copies: Copies | None = None, frequencies: Frequencies | None = None) -> None:
        self.copies, self.frequencies = copies or Copies(), frequencies or Frequencies.none()
        self._rare = self.frequencies.rare
        self._read, self._generation = self._reader(), VOCABULARY.generation

    def among(self, candidates: Sequence[Folded], relevant: Folded, windows: Bool) -> Bool:
        """[C] which candidates are near copies of a relevant passage; `windows` [C] are joined with it."""
        if VOCABULARY.full:
            VOCABULARY.clear()
        found = self._share_what_is_rare(candidates, relevant) | windows
        looked = np.flatnonzero(found)
        if not len(looked):
            return found
        known, ours = (
            self._weighed(relevant.text),
            [self._weighed(candidates[i].text) for i in looked.tolist()],
        )
        found[looked] = close(ours, known) | windows[looked]
        for i, each in zip(looked.tolist(), ours, strict=True):
            found[i] = found[i] and judge_copy(each, known, self.copies, every=False).copy
        return found

    def _share_what_is_rare(self, candidates: Sequence[Folded], relevant: Folded) -> Bool:
        """[C] whether texts have shingles in common that are in no template; where a text has none such, it is looked
        at.
        """
        theirs = relevant.places[self._rare[relevant.places]]
        sizes, common = np.zeros((2, len(candidates)), np.int64)
        lengths = np.array([len(each.places) for each in candidates], np.int64)
        filled = np.flatnonzero(lengths)
        if len(filled):
            starts = (np.cumsum(lengths) - lengths)[filled]
            kinds = self._rare.astype(np.uint8)
            kinds[theirs] |= 2
            found = kinds.take(np.concatenate([each.places for each in candidates]))
            sizes[filled] = np.add.reduceat(found & 1, starts, dtype=np.int64)
            common[filled] = np.add.reduceat(found >> 1, starts, dtype=np.int64)
        return np.asarray(common >= SHARED * np.minimum(sizes, len(theirs)) - SPARED)

    def judge(self, candidate: str, relevant: str) -> CopyVerdict:
        """How one candidate stands to a relevant passage."""
        return judge_copy(self._weighed(candidate), self._weighed(relevant), self.copies)

    def _weighed(self, text: str) -> Weighed:
        if self._generation != VOCABULARY.generation:
            self._read, self._generation = self._reader(), VOCABULARY.generation
        return self._read(text)

    def _reader(self) -> Callable[[str], Weighed]:
        return kept(HELD)(lambda text: Weighed(TokenLine(text), self.frequencies))
