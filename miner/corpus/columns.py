"""What columns mean: names in common use, and names that are given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from miner.errors import ConfigError

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("_id", "id", "docid", "doc_id", "document_id", "pid", "passage_id", "corpus-id", "corpus_id"),
    "title": ("title", "doc_title"),
    "text": (
        *("text", "contents", "content", "body", "passage", "passage_text", "document", "doc"),
        *("page_content", "chunk", "segment"),
    ),
    "query": ("query", "question", "anchor", "search_query", "query_text", "user_query", "sentence1"),
    "relevant_passages": (
        *("relevant_passages", "positive_passages", "positive_ctxs", "positive", "positives", "pos"),
        *("positive_passage", "relevant_passage", "context", "answer", "answers", "response"),
        *("passage", "passages", "document", "documents", "doc", "text", "sentence2"),
    ),
    "relevant_ids": ("relevant_ids", "relevant_id", "positive_ids", "positive_id", "pos_ids"),
    "hard_negatives": (
        *("hard_negatives", "negative_passages", "hard_negative_ctxs", "negative", "negatives", "neg"),
        *("hard_negative", "negative_passage", "negative_ctxs"),
    ),
    "label": ("label", "labels", "score", "scores", "relevance", "is_relevant"),
    "query_id": ("query-id", "query_id", "qid"),
    "messages": ("messages",),
    "positive_messages": ("positive_messages",),
    "negative_messages": ("negative_messages",),
}
"""Role -> the names that mean it, whatever their case, the first that is there winning."""

GIVEN = ("id", "title", "text", "query", "relevant_passages", "relevant_ids", "hard_negatives", "label")
"""Roles that can be given a column by name."""
KNOWN = frozenset(name for names in NAMES.values() for name in names)
NUMBERED = ("negative", "neg", "hard_negative")


@dataclass(frozen=True)
class Columns:
    """Roles that were given a column by name; all other roles find theirs by the names in common use."""

    given: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Columns:
        """Of 'query=Frage,relevant_passages=Antwort', or '0=id,1=text' by number for a file without header; a path into
        objects has dots, as 'text=document.text'.

        Raises ConfigError for what is not of that form and for roles that there are not.
        """
        given: dict[str, str] = {}
        for part in (text or "").split(","):
            left, equals, right = (piece.strip() for piece in part.partition("="))
            if not part.strip():
                continue
            role, column = (left, right) if left in GIVEN and not left.isdecimal() else (right, left)
            if not equals or role not in GIVEN or not column:
                expected = f"'query=Frage,relevant_passages=Antwort' with any of {', '.join(GIVEN)}"
                raise ConfigError(f"--columns has {part.strip()!r}; expected {expected}")
            given[role] = column
        return cls(given)

    @cached_property
    def numbered(self) -> bool:
        """Whether columns go by their numbers, as in a file without a header."""
        return bool(self.given) and all(column.isdecimal() for column in self.given.values())

    @cached_property
    def deep(self) -> tuple[str, ...]:
        """Columns that are named by a path into objects, as document.text."""
        return tuple(column for column in self.given.values() if "." in column)

    def opened(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record, with what lies at such paths by their names; in a list of objects that is a list."""
        found = {path: _at(record, path.split(".")) for path in self.deep if path not in record}
        return {**record, **{path: value for path, value in found.items() if value is not None}}

    def known(self, name: str) -> bool:
        """Whether a column of that name means something."""
        named = name in self.given.values() or any(path.startswith(f"{name}.") for path in self.deep)
        return named or name.lower() in KNOWN or is_numbered(name)

    def find(self, role: str, names: Collection[str]) -> str | None:
        """The column of that role among these names; None if there is none."""
        if role in self.given:
            column = self.given[role]
            return column if column in names else None
        taken = set(self.given.values())
        lower = _lower(tuple(names))
        return next((lower[name] for name in NAMES[role] if name in lower and lower[name] not in taken), None)

    def missing(self, names: Collection[str]) -> str:
        """What to say of given columns that are not there; '' where all are."""
        absent = [
            column for column in self.given.values() if not {column, column.partition(".")[0]} & {*names}
        ]
        return f"has no column {absent[0]!r}; found {listed(names)}" if absent else ""


def _at(value: Any, path: Sequence[str]) -> Any:
    """What lies at a path; None if nothing does."""
    if not path:
        return value
    if isinstance(value, list | tuple):
        return [found for each in value if (found := _at(each, path)) is not None] or None
    return _at(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else None


@lru_cache(maxsize=1024)
def _lower(names: tuple[str, ...]) -> dict[str, str]:
    """Lower-case name -> the first column of that name."""
    out: dict[str, str] = {}
    for name in names:
        out.setdefault(str(name).strip().lower(), name)
    return out


def is_numbered(name: str) -> bool:
    """Whether a column holds one of several negatives, as negative_1 does and negative_source does not."""
    stem, number = name.lower().rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
    return bool(number) and stem.rstrip("_-. ") in NUMBERED


def listed(names: Iterable[object], most: int = 8) -> str:
    """Names for a message."""
    shown = [str(name) for name in names]
    return (", ".join(shown[:most]) + (", …" if len(shown) > most else "")) or "nothing"
