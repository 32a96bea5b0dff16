"""Peak memory of commands over files without end, and over small files that unpack to huge ones.

    python -m benchmarks.faults.endless [--lines 10000000] [--rows 1000000] [--folder SCRATCH]

Every command runs as a process of its own at a tenth of the size and at the whole size: what grows by less than
a tenth of the growth of the file is constant. Hostile files must be refused with exit code 1 and one line.
Writes benchmarks/results/endless.json.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from miner.storage.files import MAX_LINE, write_json

RESULTS = Path(__file__).parents[1] / "results" / "endless.json"
MINER = (sys.executable, "-c", "from miner.cli import main; main()")
READ = "import collections, sys; from miner.corpus import read_corpus; collections.deque(read_corpus(sys.argv[1]), 0)"
HASHING = ("--model", "hashing")
COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "read a corpus, JSONL": ("lines.jsonl", (sys.executable, "-c", READ, "lines.jsonl")),
    "read a corpus, CSV": ("lines.csv", (sys.executable, "-c", READ, "lines.csv")),
    "build-index": (
        "rows.corpus.jsonl",
        (*MINER, "build-index", "rows.corpus.jsonl", "-o", "index", "--encoder", "hashing"),
    ),
    "convert": ("rows.jsonl", (*MINER, "convert", "rows.jsonl", "out.csv", "--to", "triplet")),
    "split": ("rows.jsonl", (*MINER, "split", "rows.jsonl", "-o", "parts", *HASHING)),
    "validate": ("rows.jsonl", (*MINER, "validate", "rows.jsonl")),
}
LINES: dict[str, Callable[[int], str]] = {
    ".corpus.jsonl": lambda i: f'{{"_id": "{i}", "text": "passage {i} tells of {i * i}"}}\n',
    ".csv": lambda i: f'{i},"passage {i} tells of {i * i}"\n',
    "rows.jsonl": lambda i: (
        f'{{"query": "what is {i} {i * i}", "relevant_passages": ["it is {i * 7}"], '
        f'"hard_negatives": ["it is not {i * 3}", "nor {i} {i * 5}"]}}\n'
    ),
}


def lay(path: Path, count: int) -> None:
    """A file of so many lines, of the kind that its name says."""
    kind = next((kind for kind in LINES if path.name.endswith(kind)), ".corpus.jsonl")
    with path.open("w") as stream:
        stream.write("id,text\n" if kind == ".csv" else "")
        stream.writelines(map(LINES[kind], range(count)))


def run(command: Sequence[str], folder: Path) -> dict[str, Any]:
    """Exit code, seconds, the process's own peak of resident memory, and the last line said."""
    start = time.perf_counter()
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().strip()
    return {
        "exit code": process.returncode,
        "seconds": round(time.perf_counter() - start, 1),
        "peak MiB": round(usage.ru_maxrss / 1024, 1),
        "said": text.rpartition("\n")[2][:200] if process.returncode else "",
    }


def grown(file: str, command: Sequence[str], size: int, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"file": file, "lines": size}
    for name, count in (("tenth", size // 10), ("whole", size)):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            lay(Path(scratch) / file, count)
            found[name] = run(command, Path(scratch)) | {"bytes": (Path(scratch) / file).stat().st_size}
    more = found["whole"]["peak MiB"] - found["tenth"]["peak MiB"]
    found["bytes of memory a line"] = round(more * 2**20 / (size - size // 10), 1)
    found["constant"] = more * 2**20 < (found["whole"]["bytes"] - found["tenth"]["bytes"]) / 10
    return found


def hostile(folder: Path) -> None:
    """Write the files that must be refused."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (folder / "line.jsonl").open("wb") as stream:
        stream.write(b'{"text": "')
        for _ in range(100):
            stream.write(b"x" * 2**20)
    for name in ("bomb.jsonl.gz", "bomb.csv.gz", "bomb.txt.gz"):
        with gzip.open(folder / name, "wb", 9) as stream:
            for _ in range(2 * 2**10):
                stream.write(b" " * 2**20)
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["x" * (MAX_LINE + 1)]))
    pq.write_table(pa.table({"text": text}), folder / "bomb.parquet", compression="zstd")
    (folder / "marks.md").write_text("- a\n" * 2**22)


HOSTILE = {
    "one line of 100 MiB": "line.jsonl",
    "2 GiB in a .jsonl.gz": "bomb.jsonl.gz",
    "2 GiB in a .csv.gz": "bomb.csv.gz",
    "2 GiB in a .txt.gz": "bomb.txt.gz",
    "64 GiB in a .parquet": "bomb.parquet",
    "four million list items in a .md": "marks.md",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=10_000_000, help="Of the corpora that are only read.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="Of the files of the other commands.")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    record: dict[str, Any] = {"refused": {}, "grown": {}}
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        writing = multiprocessing.Process(target=hostile, args=(folder,))
        writing.start()
        writing.join()  # in a process of its own: a child's peak begins at what its parent holds
        for what, path in ((what, folder / file) for what, file in HOSTILE.items()):
            size = path.stat().st_size
            record["refused"][what] = {"bytes": size} | run(
                (*MINER, "build-index", path.name, "--encoder", "hashing"), folder
            )
            print(what, record["refused"][what], file=sys.stderr)
            path.unlink()
        for what, (file, command) in COMMANDS.items():
            size = given.lines if file.startswith("lines") else given.rows
            record["grown"][what] = grown(file, command, size, folder)
            print(what, record["grown"][what], file=sys.stderr)
            write_json(given.output, record)


if __name__ == "__main__":
    main()
