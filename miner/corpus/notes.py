"""What is passed over while files are read: counted by reason, the first with file and line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from miner.errors import InputError, MinerError, Misread

LISTED = 20
"""Notes that are kept with their place; all are counted."""
ENOUGH = 20
"""Records of a file from which the share of broken ones tells that its format was misread."""
MISREAD = 0.1

T = TypeVar("T")
R = TypeVar("R")
_VALUE = re.compile(r"\d[\d,.]*|(?<=.)'[^']*'")
"""What differs from one message to the next: numbers, and quoted values but for a field at the start."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was passed over. `line` counts from 1; None where the whole file is meant."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.message}"
            if self.line is None
            else f"{self.file}:{self.line}: {self.message}"
        )


class Notes:
    """Gathers notes from all readers of a run. With `strict` the first one is raised instead.

    `tell` is given what people should know at once, such as how a file was understood.
    """

    def __init__(self, strict: bool = False, tell: Callable[[str], None] | None = None) -> None:
        self.strict, self._tell = strict, tell
        self.counts: Counter[str] = Counter()
        """Records and files passed over, by reason."""
        self.listed: list[Note] = []
        self.unread: Counter[str] = Counter()
        """Files that nothing reads, by kind."""
        self.hints: dict[str, str] = {}
        """Kind of file -> what it takes to read it."""
        self.told: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.counts or self.unread)

    def passed_over(self, file: Path | str, line: int | None, message: str, reason: str = "") -> None:
        """Note what cannot be used. Raises it as an InputError where that is wanted."""
        if self.strict:
            raise InputError(file, line, message)
        self.add(file, line, message, reason)

    def add(self, file: Path | str, line: int | None, message: str, reason: str = "") -> None:
        """Note what is wrong with nobody's file, such as a blank record: never raised."""
        self.counts[reason or reason_of(message)] += 1
        if len(self.listed) < LISTED:
            self.listed.append(Note(str(file), line, message))

    def left_unread(self, kind: str, hint: str = "") -> None:
        """Count a file of a kind that is not read."""
        self.unread[kind] += 1
        if hint:
            self.hints[kind] = hint

    def tell(self, text: str) -> None:
        """Say how something was understood, once."""
        if text not in self.told:
            self.told.append(text)
            if self._tell is not None:
                self._tell(text)

    def lines(self) -> Iterator[str]:
        """A summary for people: what was passed over, and where the first of it stands."""
        if self.unread:
            yield f"{_counted(self.unread.total(), 'file')} passed over: {self.kinds}"
        if self.counts:
            yield f"{_counted(self.counts.total(), 'note')}: " + "; ".join(
                f"{count:,} × {reason}" for reason, count in self.counts.most_common()
            )
            yield from (f"  {note}" for note in self.listed)
            if (more := self.counts.total() - len(self.listed)) > 0:
                yield f"  … and {more:,} more"

    @property
    def kinds(self) -> str:
        """Files that nothing reads: how many of each kind, and what it takes to read them."""
        return ", ".join(self._kind(kind, count) for kind, count in self.unread.most_common())

    @property
    def first(self) -> str:
        """The first note, for the message that says that nothing is left."""
        return str(self.listed[0]) if self.listed else "nothing"

    def _kind(self, kind: str, count: int) -> str:
        hint = self.hints.get(kind)
        return f"{count:,} {kind}{f' ({hint})' if hint else ''}"

    def record(self) -> dict[str, Any]:
        """What a run record says."""
        return {
            "passed_over": dict(self.counts.most_common()),
            "first": [asdict(note) for note in self.listed],
            "files_not_read": dict(self.unread.most_common()),
            "understood": list(self.told),
        }


def usable(
    path: Path,
    records: Iterable[tuple[int, R | InputError]],
    make: Callable[[R, int], T | None],
    notes: Notes,
    read_as: str,
) -> Iterator[T]:
    """What `make` makes of each record; records that cannot be parsed, and what it refuses, are noted.

    Raises InputError when more than a tenth of at least ENOUGH
    records could not be parsed (Misread).
    """
    total = broken = 0
    for line, record in records:
        total += 1
        try:
            if isinstance(record, InputError):
                raise record
            made = make(record, line)
        except InputError as error:
            broken += 1
            notes.passed_over(error.file, error.line, error.message)
            continue
        if made is not None:
            yield made
    if total >= ENOUGH and broken > MISREAD * total:
        first = next((note for note in notes.listed if note.file == str(path)), None)
        example = f", such as line {first.line}: {first.message}" if first else ""
        raise Misread(path, None, f"{broken:,} of {total:,} records cannot be read as {read_as}{example}")


def reason_of(message: str) -> str:
    """A message without what differs from record to record."""
    return " ".join(_VALUE.sub("…", re.split(r"[;(]|: ", message, maxsplit=1)[0]).split())


def whole_file(notes: Notes, error: MinerError, file: Path) -> None:
    """Note a file that cannot be read, or not further. Raises it where that is wanted."""
    line, message = (error.line, error.message) if isinstance(error, InputError) else (None, str(error))
    notes.passed_over(file, line, message.removeprefix(f"{file}: "))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
