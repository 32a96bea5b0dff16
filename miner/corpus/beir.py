"""The layout of BEIR: corpus.jsonl beside queries.jsonl and qrels/<split>.tsv or qrels.tsv.

Thakur et al. 2021, BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models.
"""

from __future__ import annotations

from pathlib import Path

from miner.files import COMPRESSED


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
