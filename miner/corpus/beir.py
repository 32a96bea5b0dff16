"""The layout of BEIR: corpus.jsonl beside queries.jsonl and qrels/<split>.tsv or qrels.tsv.

Thakur et al. 2021, BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from miner.errors import InputError
from miner.storage.files import COMPRESSED, decode, read_lines


def corpus_file(folder: Path) -> Path | None:
    """The corpus of a BEIR folder; None if the folder is not one."""
    beside = queries_file(folder) or qrels_files(folder)
    return _file(folder, "corpus.jsonl") if beside else None


def queries_file(folder: Path) -> Path | None:
    return _file(folder, "queries.jsonl")


def qrels_files(folder: Path) -> dict[str, Path]:
    """Split -> its file. A qrels.tsv beside the queries is the split ''."""
    if (folder / "qrels.tsv").is_file():
        return {"": folder / "qrels.tsv"}
    return {file.stem: file for file in sorted(folder.glob("qrels/*.tsv"))}


def _file(folder: Path, name: str) -> Path | None:
    files = (folder / (name + packed) for packed in ("", *COMPRESSED))
    return next((file for file in files if file.is_file()), None)


def read_qrels(path: Path) -> Iterator[tuple[int, str, str, float]]:
    """Line, query id, passage id and score of each judgment; a header line is passed over.

    Raises InputError for a line that is not query-id, corpus-id and a number with tabs between them.
    """
    for number, line in read_lines(path):
        cells = [cell.strip() for cell in decode(line, path, number).split("\t")]
        if len(cells) != 3 or not (cells[0] and cells[1]):
            raise InputError(
                path, number, "is not a judgment; expected query-id, corpus-id, score with tabs between"
            )
        score = _score(cells[2])
        if score is not None:
            yield number, cells[0], cells[1], score
        elif number > 1:
            raise InputError(path, number, f"has the score {cells[2][:40]!r}; expected a number")


def _score(cell: str) -> float | None:
    try:
        score = float(cell)
    except ValueError:
        return None
    return score if math.isfinite(score) else None
