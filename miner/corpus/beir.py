"""Folders of a corpus, queries and judgments: BEIR's, the same as folders of parquet, and MS MARCO's.

Thakur et al. 2021, BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models.
Bajaj et al. 2016, MS MARCO: A Human Generated MAchine Reading COmprehension Dataset.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from miner.corpus.columns import listed
from miner.corpus.notes import usable
from miner.corpus.options import ReadOptions, strict
from miner.corpus.records import RECORDS, Record, id_string
from miner.errors import InputError
from miner.storage.files import COMPRESSED, decode, read_lines

Judgment = tuple[int, str, str, float]
"""Line, query id, passage id and score."""

TEXTS = (".tsv", ".txt", ".trec")
"""Endings of judgments that are lines of text: 3 cells, or TREC's 4, with tabs or spaces between."""
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")


def corpus_of(folder: Path) -> list[Path]:
    """The corpus of a folder that holds queries or judgments beside it: files, or a folder. Empty if it is none."""
    if not (queries_of(folder) or qrels_files(folder)):
        return []
    found = _tables(folder, "corpus") or _tables(folder, "collection")
    if found or not (folder / "corpus").is_dir():
        return found
    return [folder / "corpus"]


def queries_of(folder: Path) -> list[Path]:
    """The files of queries: queries.jsonl, queries.tsv, queries.train.tsv, ..., or those of the folder queries."""
    return _tables(folder, "queries") or _tables(folder / "queries", "*")


def queries_file(folder: Path) -> Path | None:
    """The first file of queries."""
    return next(iter(queries_of(folder)), None)


def qrels_files(folder: Path) -> dict[str, list[Path]]:
    """Split -> its files: of qrels.tsv it is '', of qrels.dev.tsv or qrels/dev.tsv 'dev'. TREC's copy of the same
    judgments counts only where there are no others.
    """
    splits: dict[str, list[Path]] = {}
    alone = _judged(folder, "qrels") or _judged(folder, "qrels.*")
    for file in alone or _judged(folder / "qrels", "*"):
        splits.setdefault(_split_of(file), []).append(file)
    return splits


def _split_of(file: Path) -> str:
    stem = file.name
    for _ in file.suffixes if file.suffix in COMPRESSED else (file.suffix,):
        stem = stem.removesuffix(Path(stem).suffix)
    return _SHARD.sub("", stem.removeprefix("qrels").strip(".-_"))


def _judged(folder: Path, stem: str) -> list[Path]:
    found = _named(folder, stem, (*RECORDS, *TEXTS))
    return [file for file in found if file.suffix != ".trec"] or found


def _tables(folder: Path, stem: str) -> list[Path]:
    exact = _named(folder, stem, RECORDS)
    return exact or ([] if "*" in stem else _named(folder, f"{stem}.*", (".tsv",)))


def _named(folder: Path, stem: str, suffixes: Iterable[str]) -> list[Path]:
    """The files of that name with one of the endings, packed or not."""
    if not folder.is_dir():
        return []
    endings = [suffix + packed for suffix in suffixes for packed in ("", *COMPRESSED)]
    found = {file for ending in endings for file in folder.glob(f"{stem}{ending}") if file.is_file()}
    return sorted(file for file in found if not file.name.startswith("."))


def read_qrels(path: Path, options: ReadOptions | None = None) -> Iterator[Judgment]:
    """The judgments of a file; a header line is passed over.

    Lines hold query, passage and score, or these after TREC's second column, with tabs or spaces between; tables
    hold query-id, corpus-id and score. What is no judgment is noted; without options it is raised as an InputError.
    """
    options = options or strict()
    suffix = next((each for each in reversed(path.suffixes) if each not in COMPRESSED), "")
    if suffix in RECORDS and suffix != ".tsv":
        records = RECORDS[suffix](path, options)
        yield from usable(
            path, records, lambda r, n: _recorded(r, path, n, options), options.notes, "judgments"
        )
        return
    lines = ((number, line) for number, line in read_lines(path, options.encoding))
    yield from usable(path, lines, lambda line, n: _judgment(line, path, n), options.notes, "judgments")


def _judgment(line: bytes, path: Path, number: int) -> Judgment | None:
    text = decode(line, path, number)
    cells = [cell.strip() for cell in (text.split("\t") if "\t" in text else text.split())]
    if len(cells) == 4:
        del cells[1]
    if len(cells) != 3 or not (cells[0] and cells[1]):
        expected = "query-id, corpus-id, score with tabs between, or TREC's four columns"
        raise InputError(path, number, f"is not a judgment; expected {expected}")
    score = _score(cells[2])
    if score is None and number > 1:
        raise InputError(path, number, f"has the score {cells[2][:40]!r}; expected a number")
    return None if score is None else (number, cells[0], cells[1], score)


def _recorded(record: Record, path: Path, number: int, options: ReadOptions) -> Judgment:
    names = [options.columns.find(role, record) for role in ("query_id", "id", "label")]
    if None in names[:2]:
        raise InputError(
            path, number, f"is not a judgment; expected query-id, corpus-id, found {listed(record)}"
        )
    query, passage = (id_string(record[name], name, path, number) for name in names[:2] if name)
    label = names[2]
    score = 1.0 if label is None else _score(record[label])
    if score is None:
        raise InputError(path, number, f"has the score {record[label or '']!r}; expected a number")
    return number, query, passage, score


def _score(cell: object) -> float | None:
    try:
        score = float(cell)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None
    return score if math.isfinite(score) else None
