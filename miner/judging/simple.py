"""Judges that need no model: a Python function, a file of judgments, a person."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from miner.endpoints import CallPlan
from miner.errors import ConfigError
from miner.judging.base import JudgeLimits, JudgeSpec, Opinion
from miner.judgments import PERSON, VERDICTS, JudgmentBook, Pair, Verdict, read_judgments
from miner.judgments.read import ALIASES

Function = Callable[[str, str], "Verdict | bool"]
"""Of query and passage: a verdict, or whether the passage answers."""


class FunctionJudge:
    """A Python function as judge. `name` stands in the judgments; where the function's source can be read its
    fingerprint is part of the question, so that a changed function is another judge."""

    def __init__(
        self, function: Function, name: str | None = None, limits: JudgeLimits | None = None
    ) -> None:
        self.function, self.limits = function, limits or JudgeLimits()
        self.by = f"function(name={name or getattr(function, '__qualname__', '?')!r})"

    @cached_property
    def question(self) -> str:
        try:
            return hashlib.sha256(inspect.getsource(self.function).encode()).hexdigest()[:12]
        except (OSError, TypeError):
            return ""

    def plan(self, pairs: Sequence[Pair]) -> CallPlan | None:
        return None

    def opinions(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Opinion]]:
        for pair in pairs:
            yield pair, Opinion(self._verdict(self.function(pair.query, pair.passage)))

    def _verdict(self, said: object) -> Verdict:
        if isinstance(said, bool):
            return "answers" if said else "no"
        word = ALIASES.get(said, said) if isinstance(said, str) else said
        if word not in VERDICTS:
            raise ConfigError(
                f"{self.by} gave {said!r}; expected True, False or one of {', '.join(VERDICTS)}"
            )
        return VERDICTS[VERDICTS.index(word)]


@dataclass(frozen=True, repr=False)
class ImportedFunctionJudge(JudgeSpec):
    """The function at `path`, as 'module:function'; modules of the current folder are found."""

    name: ClassVar[str] = "function"

    path: str

    @cached_property
    def _judge(self) -> FunctionJudge:
        module, colon, attribute = self.path.partition(":")
        if not (module and colon and attribute):
            raise ConfigError(f"function: path is {self.path!r}; expected 'module:function'")
        sys.path.insert(0, str(Path.cwd()))
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"function: {self.path} cannot be imported ({error})") from None
        finally:
            sys.path.pop(0)
        if not callable(found):
            raise ConfigError(f"function: {self.path} is no function")
        return FunctionJudge(found, self.path)

    @property
    def by(self) -> str:
        return self._judge.by

    @property
    def question(self) -> str:
        return self._judge.question

    def plan(self, pairs: Sequence[Pair]) -> CallPlan | None:
        return None

    def opinions(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Opinion]]:
        yield from self._judge.opinions(pairs)


@dataclass(frozen=True, repr=False)
class FileJudge(JudgeSpec):
    """What a file of judgments says: JSONL, or qrels as TSV. With `complete` the file names all that answers,
    and what it does not name does not."""

    name: ClassVar[str] = "file"

    path: str
    complete: bool = False

    @property
    def by(self) -> str:
        return f"file(path={self.path!r})"

    @property
    def question(self) -> str:
        return "complete" if self.complete else ""

    @cached_property
    def _book(self) -> JudgmentBook:
        return read_judgments(self.path)

    def plan(self, pairs: Sequence[Pair]) -> CallPlan | None:
        return None

    def opinions(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Opinion]]:
        for pair in pairs:
            found = self._book.find(pair)
            if found is not None:
                yield pair, Opinion(found.verdict, found.score)
            elif self.complete and self._book.knows(pair.query):
                yield pair, Opinion("no")


class PersonJudge:
    """Somebody who is asked: `ask` shows a pair and returns the verdict, None to stop."""

    by, question = PERSON, ""

    def __init__(self, ask: Callable[[Pair], Verdict | None], limits: JudgeLimits | None = None) -> None:
        self.ask, self.limits = ask, limits or JudgeLimits()

    def plan(self, pairs: Sequence[Pair]) -> CallPlan | None:
        return None

    def opinions(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Opinion]]:
        for pair in pairs:
            verdict = self.ask(pair)
            if verdict is None:
                return
            yield pair, Opinion(verdict)
