"""What is passed over while files are read: counted by reason, the first with file and line."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from miner.errors import InputError, MinerError, Misread
from miner.progress import count_of

LISTED = 20
"""Notes that are kept with their place; all are counted."""
ENOUGH = 20
"""Records of a file from which the share of broken ones tells that its format was misread."""
MISREAD = 0.1

T = TypeVar("T")
R = TypeVar("R")
_VALUE = re.compile(r"(?<![A-Za-z]-)(?<!\d)\d[\d,.]*|(?<=.)'[^']*'")
"""What differs from one message to the next: numbers, and quoted values but for a field at the start."""
_ENDING = re.compile(r"\.(?=.*[a-z])[a-z0-9_+-]{1,12}")


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
        """Records passed over, by reason."""
        self.unread: Counter[tuple[str, str]] = Counter()
        """Whole files passed over, by kind and reason; '' where nothing reads that kind."""
        self.listed: list[Note] = []
        self.total = 0
        """How many could have been listed."""
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
        self._list(Note(str(file), line, message))

    def left_out(self, file: Path, error: MinerError) -> None:
        """Note a whole file that cannot be read, or not further. Raises the error where that is wanted."""
        if self.strict:
            raise error
        line, message = (error.line, error.message) if isinstance(error, InputError) else (None, str(error))
        message = message.removeprefix(f"{file}: ")
        self.left_unread(file, reason_of(message))
        self._list(Note(str(file), line, message))

    def left_unread(self, file: Path, reason: str = "") -> None:
        """Count a file that is not read, without a place in the list."""
        self.unread[kind_of(file), reason] += 1

    def _list(self, note: Note) -> None:
        self.total += 1
        if len(self.listed) < LISTED:
            self.listed.append(note)

    def tell(self, text: str) -> None:
        """Say how something was understood, once."""
        if text not in self.told:
            self.told.append(text)
            if self._tell is not None:
                self._tell(text)

    def warn(self, text: str) -> None:
        """Say a warning, once; where nobody listens it is one of Python's."""
        if self._tell is None and text not in self.told:
            warnings.warn(text, stacklevel=5)
        self.tell(f"warning: {text}")

    def lines(self) -> Iterator[str]:
        """A summary for people: all that was passed over by kind, and where the first of it stands."""
        if self.unread:
            yield f"{count_of(self.unread.total(), 'file')} passed over: {self.kinds}"
        if self.counts:
            yield f"{count_of(self.counts.total(), 'note')}: " + "; ".join(
                f"{count:,} × {reason}" for reason, count in self.counts.most_common()
            )
        yield from (f"  {note}" for note in self.listed)
        if (more := self.total - len(self.listed)) > 0:
            yield f"  … and {more:,} more"

    @property
    def kinds(self) -> str:
        """Files that were not read: how many of each kind, and why, or what it takes to read them."""
        return ", ".join(
            f"{count:,} {kind}{reason and f' ({reason})'}"
            for (kind, reason), count in self.unread.most_common()
        )

    @property
    def first(self) -> str:
        """The first note, for the message that says that nothing is left."""
        return str(self.listed[0]) if self.listed else "nothing"

    def nothing(self, what: str) -> str:
        """The message that nothing is left, with the first reason."""
        return f"holds no {what} that can be used: {self.first}" if self.listed else f"holds no {what}"

    def record(self) -> dict[str, Any]:
        """What a run record says."""
        unread = [
            {"kind": kind, "reason": reason or "nothing reads it", "count": count}
            for (kind, reason), count in self.unread.most_common()
        ]
        return {
            "passed_over": dict(self.counts.most_common()),
            "first": [asdict(note) for note in self.listed],
            "files_not_read": unread,
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


def kind_of(file: Path) -> str:
    """What a file is called by in a count: its ending, if that says what kind it is."""
    if _ENDING.fullmatch(suffix := file.suffix.lower()):
        return suffix
    if file.is_dir():
        return "folders"
    return "with other endings" if suffix else "without an ending"
