"""The files that lie beside mined rows: receipts (a line a row) and the run's record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from miner.data import Row
from miner.errors import InputError
from miner.files import read_jsonl, sha256, write_json
from miner.formats.cohere import RECEIPTS, RUN, companion
from miner.formats.run import read_run


class Receipts:
    """The receipts of a file of rows, taken in step with its rows."""

    def __init__(self, path: Path) -> None:
        self.path = companion(path, RECEIPTS)
        self._lines = read_jsonl(self.path)

    @classmethod
    def beside(cls, path: Path) -> Receipts | None:
        """Those that lie beside the rows; None where none do."""
        return cls(path) if companion(path, RECEIPTS).is_file() else None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (receipt for _, receipt in self._lines)

    def take(self, row: Row | None = None) -> dict[str, Any]:
        """The next receipt. Raises InputError where it is not that of the row, or none is left."""
        line, receipt = next(self._lines, (None, {}))
        if line is None:
            raise InputError(self.path, None, "ends before the rows that it belongs to")
        if row is not None:
            found = receipt.get("query"), *map(_length, (receipt.get("relevant"), receipt.get("negatives")))
            if found != (row.query, len(row.relevant_passages), len(row.hard_negatives)):
                raise InputError(self.path, line, "is not the receipt of the row in its place")
        return receipt


def _length(entries: object) -> int:
    return len(entries) if isinstance(entries, list) else -1


def thin(receipt: dict[str, Any], places: Sequence[int]) -> dict[str, Any]:
    """The receipt of a row that keeps only the negatives at these places."""
    return receipt | {"negatives": [receipt["negatives"][place] for place in places]}


def derive_run(path: Path, out: Path, how: dict[str, Any]) -> None:
    """Beside `out`, write the run's record of `path`, if there is one, with how `out` came from it.

    Raises InputError for a damaged record.
    """
    run = read_run(path)
    if run is None:
        return
    outputs = [file for file in (out, companion(out, RECEIPTS)) if file.is_file()]
    run["derived"] = [*(run.get("derived") or []), {"from": path.name, **how}]
    run["outputs"] = {file.name: sha256(file) for file in outputs}
    write_json(companion(out, RUN), run)
