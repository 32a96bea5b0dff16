"""Receipts: a line for each row with what is known of its passages, read in step with the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from miner.data import Row
from miner.errors import InputError
from miner.formats.cohere import RECEIPTS, companion
from miner.storage.files import kind, read_jsonl

SIDES = ("relevant", "negatives")
STRINGS = ("id", "title", "source")
NUMBERS = ("similarity", "to_relevant", "share", "risk", "teacher")


class Receipts:
    """The receipts of a file of rows, taken in step with its rows."""

    def __init__(self, path: Path) -> None:
        self.path = companion(path, RECEIPTS)
        self._lines = read_jsonl(self.path)

    @classmethod
    def beside(cls, path: Path) -> Receipts | None:
        """Those that lie beside the rows; None where none do."""
        return cls(path) if companion(path, RECEIPTS).is_file() else None

    def take(self, row: Row | None = None) -> dict[str, Any]:
        """The next receipt. Raises InputError where it is not that of the row, holds something else than a
        receipt, or none is left."""
        line, receipt = next(self._lines, (None, {}))
        if line is None:
            raise InputError(self.path, None, "ends before the rows that it belongs to")
        if row is not None:
            found = receipt.get("query"), *map(_length, (receipt.get(side) for side in SIDES))
            if found != (row.query, len(row.relevant_passages), len(row.hard_negatives)):
                raise InputError(self.path, line, "is not the receipt of the row in its place")
            for side in SIDES:
                entries(receipt, side, self.path, line)
        return receipt


def entries(receipt: Mapping[str, Any], side: str, path: Path, line: int) -> list[dict[str, Any]]:
    """What a receipt holds of the passages of one side. Raises InputError unless they are objects, and what
    miner reads of them is of the type that it writes, null or missing."""
    found = receipt.get(side)
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise InputError(path, line, f"{side!r} is {kind(found)}; expected a list of objects")
    for place, entry in enumerate(found):
        for name, value in entry.items():
            if expected := _expected(name, value):
                where = f"{side}[{place}].{name}"
                raise InputError(path, line, f"{where} is {kind(value)}; expected {expected}")
    return found


def _expected(name: str, value: object) -> str:
    """What should be there; '' where it is."""
    if value is None:
        return ""
    if name in STRINGS:
        return "" if isinstance(value, str) else "a string"
    if name == "rank":
        return "" if type(value) is int else "a whole number"
    return "a number" if name in NUMBERS and type(value) not in (int, float) else ""


def _length(found: object) -> int:
    return len(found) if isinstance(found, list) else -1


def thin(receipt: dict[str, Any], places: Sequence[int]) -> dict[str, Any]:
    """The receipt of a row that keeps only the negatives at these places."""
    return receipt | {"negatives": [receipt["negatives"][place] for place in places]}
