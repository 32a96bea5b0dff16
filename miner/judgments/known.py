"""What is known of the candidates of a query before anything is estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

from miner.judgments.errors import JudgeErrors, measured, odds_factor
from miner.judgments.read import read_judgments
from miner.judgments.record import Judgment, JudgmentBook, counting, key_of


class Standing(IntEnum):
    """How a candidate stands by what was said of it."""

    OPEN = 0
    """Nothing, or nothing that settles it."""
    VERIFIED = 1
    """Somebody whose word is taken said that it does not answer."""
    REFUSED = 2
    """It answers, wholly or in part."""


@dataclass(frozen=True, slots=True)
class WeighedVerdict:
    """What counts of one candidate, and by what the odds that it answers are multiplied."""

    standing: Standing
    factor: float
    judgment: Judgment

    @property
    def answers(self) -> bool:
        """Wholly, not in part."""
        return self.standing == Standing.REFUSED and self.judgment.verdict == "answers"


@dataclass(frozen=True)
class KnownJudgments:
    """Judgments of files, read once a process.

    A judge that was never on trial, such as a person, is believed. What one with measured errors says
    multiplies the odds by Bayes' rule, each judge once; only its "answers" is taken at its word.
    """

    paths: tuple[Path, ...]
    stamp: tuple[tuple[int, int], ...] = ()
    """Size and time of change of the files: another state is another value."""

    @classmethod
    def of(cls, *paths: Path) -> KnownJudgments:
        """Raises ConfigError for a file that is not there, InputError for what is no judgment."""
        known = cls(paths, tuple(map(_stamp, paths)))
        _ = known.book
        return known

    @property
    def book(self) -> JudgmentBook:
        return _read(self.paths, self.stamp)[0]

    @property
    def errors(self) -> Mapping[str, JudgeErrors]:
        """Of the judges that were on trial."""
        return _read(self.paths, self.stamp)[1]

    def about(self, query: str) -> Mapping[bytes, WeighedVerdict]:
        """Folded passages (as key_of) that something was said of."""
        found = self.book.pairs.get(key_of(query), {})
        return {passage: known for passage, said in found.items() if (known := self.weigh(said))}

    def by_id(self, query: str) -> Mapping[str, WeighedVerdict]:
        found = self.book.ids.get(key_of(query), {})
        return {id: known for id, said in found.items() if (known := self.weigh(said))}

    def weigh(self, said: dict[str, Judgment]) -> WeighedVerdict | None:
        """All that was said of one passage together; None where nothing was."""
        believed = {judge: judgment for judge, judgment in said.items() if judge not in self.errors}
        if (judgment := counting(believed)) is not None and judgment.verdict != "unsure":
            standing = Standing.VERIFIED if judgment.verdict == "no" else Standing.REFUSED
            return WeighedVerdict(standing, 1.0, judgment)
        counted = counting(said)
        if counted is None:
            return None
        if counted.verdict in ("answers", "partly"):
            return WeighedVerdict(Standing.REFUSED, 1.0, counted)
        factor = odds_factor(
            (self.errors[judge], each.verdict) for judge, each in said.items() if judge in self.errors
        )
        return WeighedVerdict(Standing.OPEN, factor, counted)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=4)
def _read(
    paths: tuple[Path, ...], stamp: tuple[tuple[int, int], ...]
) -> tuple[JudgmentBook, dict[str, JudgeErrors]]:
    books = [read_judgments(path) for path in paths]
    book = books[0] if len(books) == 1 else JudgmentBook.of(each for b in books for each in b.history)
    return book, measured(book)
