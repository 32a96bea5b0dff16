"""What it costs `mine` to go by judgments: whole commands with and without them, in turn.

    python -m benchmarks.speed.judged DATA --sets stackfaq medquad --rounds 3

On an index of hashed words, as no model is measured. The first two negatives of each mined row are judged, as a person
might have, to be right; both commands find their candidates kept from before. Writes
benchmarks/results/judged_speed.json.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.path import miner, run
from miner.formats.cohere import read_rows
from miner.storage.files import write_json, write_jsonl

RESULTS = Path(__file__).parents[1] / "results" / "judged_speed.json"
JUDGED = 2


def measure(source: Path, rounds: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        run(
            miner("build-index", str(source / "corpus.jsonl"), "--encoder", "hashing", "--out", "index"), here
        )
        mine = miner("mine", str(source), "--index", "index")
        run([*mine, "-o", "rows.jsonl"], here)
        said = [
            {"query": row.query, "passage": text, "verdict": "no", "by": "a person"}
            for _, row in read_rows(here / "rows.jsonl")
            for text in row.hard_negatives[:JUDGED]
        ]
        write_jsonl(here / "said.jsonl", said)
        found: dict[str, list[float]] = {"without": [], "with": []}
        for number in range(rounds):
            for name, more in (("without", []), ("with", ["--judgments", "said.jsonl"])):
                took = run([*mine, "-o", f"{name}{number}.jsonl", *more], here)
                found[name].append(round(took, 2))
        return {"judgments": len(said), **found}


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["stackfaq", "medquad"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args(words)
    record = {}
    for name in given.sets:
        record[name] = measure(given.data / name, given.rounds)
        print(name, record[name], file=sys.stderr, flush=True)
    write_json(given.results, record)


if __name__ == "__main__":
    main()
