"""The question put to a language model: a text file that can be replaced, with a fingerprint.

Passages are data: they stand between marks with a code that is made from the texts themselves, so that no
passage can end its own mark or write an answer that carries the code.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from miner.errors import ConfigError, InputError
from miner.storage.files import read_text

PACKAGED = "answers.txt"
FIELDS = {"mark", "query", "passages", "count"}
LONGEST = 12_000
"""Characters of a passage that are shown."""
PARTS = ("[system]", "[user]")


@dataclass(frozen=True)
class Prompt:
    """What is said as the system and as the user, with {query}, {passages}, {count} and {mark} to fill in."""

    system: str
    user: str

    @property
    def fingerprint(self) -> str:
        """12 hex digits: another wording makes another judge."""
        return hashlib.sha256(f"{self.system}\0{self.user}".encode()).hexdigest()[:12]

    def fill(self, query: str, passages: Sequence[str]) -> tuple[str, list[dict[str, str]]]:
        """The code of the marks, and the messages to send."""
        mark = code_of([query, *passages])
        shown = [between(f"passage {i}", text, mark) for i, text in enumerate(passages, 1)]
        fields = {
            "mark": mark,
            "query": between("query", query, mark),
            "passages": "\n\n".join(shown),
            "count": str(len(passages)),
        }
        messages = [
            {"role": "system", "content": self.system.format_map(fields)},
            {"role": "user", "content": self.user.format_map(fields)},
        ]
        return mark, [message for message in messages if message["content"].strip()]


def read_prompt(path: Path | None = None) -> Prompt:
    """The packaged prompt, or that of a file. Raises ConfigError for a file that is not there, InputError for
    one that is no prompt."""
    if path is None:
        packaged = files("miner.judging").joinpath("prompts", PACKAGED)
        return _parse(packaged.read_text("utf-8"), Path(PACKAGED))
    return _parse(read_text(path), path)


def between(name: str, text: str, mark: str) -> str:
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
    return f"<{name} {mark}>\n{cut}\n</{name} {mark}>"


def code_of(texts: Sequence[str]) -> str:
    """8 hex digits that stand in none of the texts."""
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    codes = (digest[i : i + 8] for i in range(0, len(digest) - 8))
    return next((code for code in codes if not any(code in text for text in texts)), digest[:8])


def _parse(text: str, path: Path) -> Prompt:
    system, bracket, user = text.partition(PARTS[1])
    if not bracket:
        system, user = "", text
    prompt = Prompt(system.replace(PARTS[0], "", 1).strip(), user.strip())
    try:
        named = {name for _, name, _, _ in string.Formatter().parse(prompt.system + prompt.user) if name}
    except ValueError as error:
        raise InputError(path, None, f"is not a prompt ({error}); a brace is written twice") from None
    if not {"query", "passages", "mark"} <= named:
        raise InputError(path, None, "is not a prompt; expected {query}, {passages} and {mark} in it")
    if strange := sorted(named - FIELDS):
        raise ConfigError(f"{path}: names {{{strange[0]}}}; a prompt may name {', '.join(sorted(FIELDS))}")
    return prompt
