"""Near copies among many candidates: every text is read once, most are told apart by what they weigh in common."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from miner.data import Bool
from miner.text.copies import Copies, CopyVerdict, Weighed, close, judge_copy
from miner.text.frequencies import Frequencies
from miner.text.tokens import VOCABULARY, TokenLine

HELD = 8192
"""Texts that are kept, read."""


class NearCopies:
    """The rule for near copies with the statistics of one corpus."""

    def __init__(self, copies: Copies | None = None, frequencies: Frequencies | None = None) -> None:
        self.copies, self.frequencies = copies or Copies(), frequencies or Frequencies.none()
        self._read: OrderedDict[str, Weighed] = OrderedDict()
        self._generation = VOCABULARY.generation

    def among(self, candidates: Sequence[str], relevant: str) -> Bool:
        """[C] which candidates are near copies of a relevant passage."""
        if VOCABULARY.full:
            VOCABULARY.clear()
        known, ours = self._weighed(relevant), [self._weighed(text) for text in candidates]
        found = close(ours, known)
        for i in np.flatnonzero(found).tolist():
            found[i] = judge_copy(ours[i], known, self.copies, every=False).copy
        return found

    def judge(self, candidate: str, relevant: str) -> CopyVerdict:
        """How one candidate stands to a relevant passage."""
        return judge_copy(self._weighed(candidate), self._weighed(relevant), self.copies)

    def _weighed(self, text: str) -> Weighed:
        if self._generation != VOCABULARY.generation:
            self._read.clear()
            self._generation = VOCABULARY.generation
        found = self._read.get(text)
        if found is None:
            found = self._read[text] = Weighed(TokenLine(text), self.frequencies)
            if len(self._read) > HELD:
                self._read.popitem(last=False)
        else:
            self._read.move_to_end(text)
        return found
