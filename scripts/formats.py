"""Prints the tables of docs/formats.md from the readers' and writers' own tables; --write puts them into the page."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from miner.corpus import READERS
from miner.corpus.records import RECORDS
from miner.corpus.shapes import SHAPES
from miner.data import Row
from miner.formats import FORMATS, Sourced, format_of

PAGE = Path(__file__).parents[1] / "docs" / "formats.md"
START, END = "<!-- tables -->", "<!-- end of tables -->"
LINES = {
    ".jsonl": '{"_id": "d1", "title": "Refunds", "text": "Five days."}',
    ".ndjson": '{"_id": "d1", "title": "Refunds", "text": "Five days."}',
    ".json": '[{"_id": "d1", "title": "Refunds", "text": "Five days."}]',
    ".csv": "id,title,text ↵ d1,Refunds,Five days.",
    ".tsv": "id ⇥ title ⇥ text ↵ d1 ⇥ Refunds ⇥ Five days.",
    ".parquet": "columns id, title, text",
    ".md": "# Refunds ↵ ↵ Five days.",
    ".ipynb": "cells of Markdown, and of code in fences",
    ".rst": "Refunds ↵ ======= ↵ ↵ Five days.",
    ".txt": "Five days.",
    ".html": "<title>Refunds</title> <p>Five days.</p>",
    ".pdf": "pages with a text layer (extra `documents`)",
    ".docx": "headings and paragraphs (extra `documents`)",
    ".pptx": "slides, tables and notes (extra `documents`)",
    ".epub": "chapters in the order of the book",
}
"""Of each reader one line as it would stand in a file."""
ROW = Row("How long?", ("Five days.",), ("Press pause.", "No."))


def tables() -> str:
    """All three tables in markdown."""
    return "\n".join([*_corpora(), "", *_shapes(), "", *_formats(), ""])


def _corpora() -> Iterator[str]:
    yield "| corpus | a passage is | an example |\n|---|---|---|"
    readers: dict[object, list[str]] = {}
    for suffix, reader in READERS.items():
        readers.setdefault(suffix if suffix in RECORDS else reader, []).append(suffix)
    for suffixes in readers.values():
        kind = "a record" if suffixes[0] in RECORDS else "a section, in pieces that fit the model"
        names = ", ".join(f"`{suffix}`" for suffix in suffixes)
        yield f"| {names} | {kind} | {_cell(LINES[suffixes[0]])} |"


def _shapes() -> Iterator[str]:
    yield "| queries | an example, as a line of JSON |\n|---|---|"
    for shape in SHAPES:
        yield f"| {shape.name} | {_cell(json.dumps(shape.example))} |"


def _formats() -> Iterator[str]:
    yield "| written by `--to` | an example, as a line of JSON |\n|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(FORMATS):
            path = Path(folder) / (f"{number}" if name == "beir" else f"{number}.jsonl")
            form = format_of("n-tuple(negatives=2)" if name == "n_tuple" else name)
            form.write(path, [Sourced(ROW)])
            file = path / "qrels" / "train.tsv" if name == "beir" else path
            line = file.read_text("utf-8").splitlines()[name == "beir"]
            yield f"| {str(form).removesuffix('()').replace('_', '-', 1)} | {_cell(line.replace(chr(9), ' ⇥ '))} |"


def _cell(text: str) -> str:
    return f"`{text}`".replace("|", "\\|") if "`" not in text else text


def page() -> str:
    """The page with its tables as they are now."""
    text = PAGE.read_text("utf-8")
    return f"{text.partition(START)[0]}{START}\n{tables()}{END}{text.partition(END)[2]}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), "utf-8")
    else:
        sys.stdout.write(tables())
