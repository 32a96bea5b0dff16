"""Cleaning of texts: named steps, each of which can be switched on.

A step is a function from text to text and a line of STEPS; the steps chosen run in the order of the table,
again and again until nothing changes, so that cleaning twice is cleaning once. Text that is clean stays
as it is, and no text is ever emptied: what would come out blank is kept as it was and counted.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from miner.cleaning import boilerplate, characters, links, markup
from miner.errors import ConfigError
from miner.text.html import html

STEPS: dict[str, Callable[[str], str]] = {
    "mojibake": characters.mojibake,
    "control": characters.control,
    "html": html,
    "code_fences": markup.code_fences,
    "markdown": markup.markdown,
    "urls": links.urls,
    "emails": links.emails,
    "whitespace": characters.whitespace,
}
BOILERPLATE = "boilerplate"
NAMES = (*STEPS, BOILERPLATE)
DEFAULT = ("mojibake", "control", "html", "urls", "whitespace")
ROUNDS = 50
GROWTH = 10
"""After so many rounds that each changed something, or grown so many times, a text is left as it was."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of a text. `changes`: step -> the text before and after it, the first time it did
    something; `kept`: why the text was left as it was although steps would change it, or ''.
    """

    text: str
    changes: Mapping[str, tuple[str, str]]
    kept: str = ""


@dataclass(frozen=True)
class Cleaner:
    """Steps by name. `boilerplate` are digests of the sentences that the step of that name takes out."""

    steps: tuple[str, ...] = DEFAULT
    boilerplate: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for step in self.steps:
            if step not in NAMES:
                close = difflib.get_close_matches(step, NAMES, n=1)
                hint = f"did you mean {close[0]}?" if close else f"steps: {', '.join(NAMES)}"
                raise ConfigError(f"unknown cleaning step {step!r}; {hint}")
        object.__setattr__(self, "steps", tuple(name for name in NAMES if name in self.steps))

    @classmethod
    def parse(cls, text: str) -> Cleaner:
        """The cleaner that 'html,urls' spells. Raises ConfigError for an unknown step or none."""
        steps = tuple(step.strip() for step in text.split(",") if step.strip())
        if not steps:
            raise ConfigError(f"no cleaning step given; steps: {', '.join(NAMES)}")
        return cls(steps)

    def __str__(self) -> str:
        return ",".join(self.steps)

    @property
    def learns(self) -> bool:
        """Whether it must see all texts once, by `fit`, before it cleans."""
        return BOILERPLATE in self.steps

    def fit(self, texts: Iterable[str]) -> Cleaner:
        """A cleaner that knows the sentences which return in many of the texts; itself if it needn't."""
        if not self.learns:
            return self
        before = Cleaner(tuple(step for step in self.steps if step != BOILERPLATE))
        return replace(self, boilerplate=boilerplate.learn(map(before.clean, texts)))

    def clean(self, text: str) -> str:
        return self.trace(text).text

    def trace(self, text: str) -> Cleaned:
        """The cleaned text with what each step did to it."""
        changes: dict[str, tuple[str, str]] = {}
        if not text.strip():
            return Cleaned(text, changes)
        now = text
        for _ in range(ROUNDS):
            before = now
            for name, step in self._functions():
                after = step(now)
                if after != now:
                    changes.setdefault(name, (now, after))
                    now = after
            if not now.strip():
                return Cleaned(text, {}, "emptied")
            if now == before:
                return Cleaned(now, changes)
            if len(now) > GROWTH * len(text):
                break
        return Cleaned(text, {}, "unsettled")

    def _functions(self) -> Iterator[tuple[str, Callable[[str], str]]]:
        for name in self.steps:
            if name != BOILERPLATE:
                yield name, STEPS[name]
            elif self.boilerplate:
                yield name, lambda text: boilerplate.without(text, self.boilerplate)
