"""A file of every kind that people have, for benchmarks.faults.damage_files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from tests.support import documents

Rows = Sequence[dict[str, Any]]
THINGS = ("plan", "seat", "bill", "room", "tool", "name", "mail", "team")
PASSAGES: Rows = [
    {
        "id": f"d{i}",
        "title": f"Page {i % 7}",
        "text": f"The {THINGS[i % 8]} {i} is changed by “button {i * i}”.",
    }
    for i in range(60)
]
QUERIES: Rows = [
    {
        "query": f"how do I change the {THINGS[i % 8]} {i}",
        "relevant_passages": [PASSAGES[i]["text"]],
        "hard_negatives": [PASSAGES[(i + 8) % 60]["text"]],
    }
    for i in range(60)
]
PAIRS: Rows = [{"question": row["query"], "answer": row["relevant_passages"][0]} for row in QUERIES]


def corpora() -> dict[str, bytes]:
    """By name."""
    sections = [f"{{}}Part {i}\n\n{row['text']}\n\n" for i, row in enumerate(PASSAGES[:30])]
    markdown = "---\ntitle: Help\n---\n# Help\n\n" + "".join(each.format("## ") for each in sections)
    body = "".join(f"<h2>Part {i}</h2>\n<p>{row['text']}</p>\n" for i, row in enumerate(PASSAGES[:30]))
    page = (
        f"<!doctype html><html><head><meta charset=utf-8><title>Help</title></head><body>{body}</body></html>"
    )
    underlined = "".join(f"Part {i}\n{'=' * 8}\n\n{row['text']}\n\n" for i, row in enumerate(PASSAGES[:30]))
    return {
        **tables("corpus", PASSAGES),
        "page.md": markdown.encode(),
        "page.md.gz": gzip.compress(markdown.encode()),
        "page.txt": "".join(each.format("") for each in sections).encode(),
        "page.rst": underlined.encode(),
        "page.html": page.encode(),
        "page.pdf": made(documents.write_pdf),
        "page.docx": made(documents.write_docx),
        "page.pptx": made(documents.write_pptx),
        "page.epub": made(documents.write_epub),
    }


def queries() -> dict[str, bytes]:
    """By name: as lists in JSON and parquet, as pairs in cells."""
    of_lists, of_pairs = tables("rows", QUERIES), tables("pairs", PAIRS)
    return {
        name: data
        for name, data in (of_lists | of_pairs).items()
        if name.startswith("pairs") == ("sv" in name)
    }


def saved() -> dict[str, bytes]:
    """A saved data set; the file that is damaged comes first."""
    sink = io.BytesIO()
    table = pa.Table.from_pylist(PAIRS)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table, max_chunksize=16)
    state = {"_data_files": [{"filename": "rows.arrow"}]}
    return {"set/rows.arrow": sink.getvalue(), "set/state.json": json.dumps(state).encode()}


def tables(stem: str, rows: Rows) -> dict[str, bytes]:
    """The same rows in every kind of table."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    cells, sink = cells_of(rows, ","), io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink, row_group_size=16)
    return {
        f"{stem}.jsonl": lines,
        f"{stem}.jsonl.gz": gzip.compress(lines, mtime=0),
        f"{stem}.jsonl.zst": zstandard.compress(lines),
        f"{stem}.json": json.dumps(list(rows), indent=1).encode(),
        f"{stem}.csv": cells,
        f"{stem}.csv.gz": gzip.compress(cells, mtime=0),
        f"{stem}.tsv": cells_of(rows, "\t"),
        f"{stem}.parquet": sink.getvalue(),
    }


def cells_of(rows: Rows, separator: str) -> bytes:
    sink = io.StringIO()
    table = csv.DictWriter(sink, list(rows[0]), delimiter=separator)
    table.writeheader()
    table.writerows(rows)
    return sink.getvalue().encode()


def made(write: Callable[[Path], None]) -> bytes:
    """What is written to a path."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "f")
        return (Path(folder) / "f").read_bytes()
