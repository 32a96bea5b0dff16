"""A judgment, and what many of them say about a pair of query and passage.

Pairs are known by their folded texts (text/fold.py), so that a judgment outlives the index, the file and the
white space in which its passage was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from miner.text.fold import fold
from miner.text.kept import kept

Verdict = Literal["answers", "partly", "no", "unsure"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
WITHDRAWN = "withdrawn"
"""Stands in a file in place of a verdict that its judge took back."""
PERSON = "a person"
Key = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a passage to be judged, with what is known to answer the query."""

    query: str
    passage: str
    id: str | None = None
    relevant: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return key_of(self.query), key_of(self.passage)


@dataclass(frozen=True, slots=True)
class Judgment:
    """What `by` said of a pair, when (ISO 8601, UTC), and asked what: the fingerprint of the question, '' for
    people. `passage` is None where only its id is known. Scoring judges leave their score. `known` is what
    was known of the pair beforehand where the judge itself was on trial: 'answers' or 'no'."""

    query: str
    passage: str | None
    id: str | None
    verdict: Verdict
    by: str = PERSON
    at: str = ""
    question: str = ""
    score: float | None = None
    reason: str = ""
    known: str = ""

    @classmethod
    def now(cls, pair: Pair, verdict: Verdict, by: str = PERSON, question: str = "") -> Judgment:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(pair.query, pair.passage, pair.id, verdict, by, at, question)

    @property
    def key(self) -> Key:
        return key_of(self.query), key_of(self.passage or "")

    @property
    def judge(self) -> str:
        """Who said it and asked what: another question makes another judge."""
        return f"{self.by} {self.question}".strip()

    def record(self) -> dict[str, Any]:
        """As a line of a file; what is empty is left out."""
        named = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in named.items() if value not in (None, "")}


@dataclass
class JudgmentBook:
    """Judgments by query, passage and judge. Of one judge the last counts; of several a person's, else the
    last given."""

    pairs: dict[bytes, dict[bytes, dict[str, Judgment]]] = field(default_factory=dict)
    ids: dict[bytes, dict[str, dict[str, Judgment]]] = field(default_factory=dict)
    """Those that name a passage by its id alone: a text that is named is what was judged."""
    history: list[Judgment] = field(default_factory=list)
    """All that was not taken back, in order."""

    @classmethod
    def of(cls, judgments: Iterable[Judgment]) -> JudgmentBook:
        book = cls()
        for judgment in judgments:
            book.add(judgment)
        return book

    def __len__(self) -> int:
        return len(self.history)

    def add(self, judgment: Judgment) -> None:
        self.history.append(judgment)
        self._put(judgment)

    def _put(self, judgment: Judgment) -> None:
        query, passage = judgment.key
        if judgment.passage is not None:
            _last(self.pairs.setdefault(query, {}).setdefault(passage, {}), judgment)
        if judgment.id is not None and judgment.passage in (None, judgment.id):
            _last(self.ids.setdefault(query, {}).setdefault(judgment.id, {}), judgment)

    def withdraw(self, judgment: Judgment) -> None:
        """Take back the last that its judge said of its pair; what was said before counts again."""
        about = [
            place
            for place, each in enumerate(self.history)
            if each.judge == judgment.judge and each.key == judgment.key and each.id == judgment.id
        ]
        if not about:
            return
        del self.history[about[-1]]
        query, passage = judgment.key
        self.pairs.get(query, {}).get(passage, {}).pop(judgment.judge, None)
        self.ids.get(query, {}).get(judgment.id or "", {}).pop(judgment.judge, None)
        if about[1:]:
            self._put(self.history[about[-2]])

    def last(self, keys: Collection[Key], by: str = PERSON) -> Judgment | None:
        """What that judge said last of one of these pairs."""
        return next((each for each in reversed(self.history) if each.by == by and each.key in keys), None)

    def find(self, pair: Pair, judge: str | None = None) -> Judgment | None:
        """What counts of all that was said of a pair, or what one judge said; text goes before id."""
        query, passage = pair.key
        said = self.pairs.get(query, {}).get(passage)
        if not said and pair.id is not None:
            said = self.ids.get(query, {}).get(pair.id)
        return counting(said or {}, judge)

    def knows(self, query: str) -> bool:
        """Whether anything was said about the query."""
        key = key_of(query)
        return key in self.pairs or key in self.ids


def counting(said: dict[str, Judgment], judge: str | None = None) -> Judgment | None:
    """What counts of all that was said of one passage, by judge."""
    if judge is not None:
        return said.get(judge)
    return said.get(PERSON) or next(reversed(said.values()), None)


def _last(said: dict[str, Judgment], judgment: Judgment) -> None:
    said.pop(judgment.judge, None)
    said[judgment.judge] = judgment


@kept(2**26)
def key_of(text: str) -> bytes:
    """16 bytes of a folded text."""
    return hashlib.blake2b(fold(text), digest_size=16).digest()
