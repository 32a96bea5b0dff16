"""How many of the negatives mined from the packaged sample are false, by its complete judgments.

    python -m benchmarks.quality.sample [--index FOLDER]

Mines all queries by the usual rules and by miner's default with the bundled encoder, and looks every negative up in
judgments.tsv: 2 answers its query, 1 does in part or arguably. Writes benchmarks/results/sample.json, with one query
for which the nearest five and the default differ most.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import miner
from miner.cli.mine_text import counted
from miner.storage.files import write_json

RESULTS = Path(__file__).parents[1] / "results" / "sample.json"
RULES: Mapping[str, miner.Recipe] = {
    "the nearest five": miner.Recipe(filters=(), select=miner.Top()),
    "a margin of 5 %": miner.Recipe(filters=(miner.Margin(relative=0.05),), select=miner.Top()),
    "miner": miner.Recipe(),
}
FALSE = 2
Judgments = Mapping[str, Mapping[str, int]]
"""By the text of the query: grades by id."""


def judgments(folder: Path) -> Judgments:
    texts = {
        row["id"]: row["query"]
        for row in map(json.loads, (folder / "queries.jsonl").read_text().splitlines())
    }
    graded: dict[str, dict[str, int]] = {}
    with (folder / "judgments.tsv").open(newline="") as stream:
        for line in csv.DictReader(stream, delimiter="\t"):
            graded.setdefault(texts[line["query-id"]], {})[line["corpus-id"]] = int(line["score"])
    return graded


def measure(mined: miner.MiningResult, known: Judgments) -> dict[str, Any]:
    """Negatives, those that are false or debatable, and how near to their queries they are on average."""
    rows = list(mined)
    grades = [known.get(row.query, {}).get(each.id, 0) for row in rows for each in row.negatives]
    similarity = [each.similarity for row in rows for each in row.negatives]
    return {
        "negatives": len(grades),
        "false": sum(grade == FALSE for grade in grades),
        "debatable": sum(0 < grade < FALSE for grade in grades),
        "full rows": sum(len(row.negatives) == mined.recipe.n for row in rows),
        "similarity": round(sum(similarity) / len(similarity), 4),
    }


def example(nearest: miner.MiningResult, ours: miner.MiningResult, known: Judgments) -> dict[str, Any]:
    """The first query of those with most false ones among the nearest five and none in the default."""

    def false(row: miner.MinedRow) -> list[bool]:
        return [known.get(row.query, {}).get(each.id, 0) == FALSE for each in row.negatives]

    pairs = [(theirs, mine) for theirs, mine in zip(nearest, ours, strict=True) if not any(false(mine))]
    theirs, mine = max(pairs, key=lambda pair: sum(false(pair[0])))
    return {
        "query": mine.query,
        "relevant": list(mine.relevant_passages),
        "the nearest five": [
            {"id": each.id, "title": each.title, "false": wrong}
            for each, wrong in zip(theirs.negatives, false(theirs), strict=True)
        ],
        "miner": [
            {"id": each.id, "title": each.title, "text": each.text, "risk": each.risk}
            for each in mine.negatives
        ],
    }


def from_python(mined: miner.MiningResult) -> list[str]:
    """What the README's lines of Python print."""
    first = mined[0]
    return [
        first.query,
        *(f"{each.similarity:.2f} {each.risk:.3f} {each.id}" for each in first.negatives[:3]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--index", help="An index of the sample by the bundled model, if there is one.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        miner.sample(folder)
        index = (
            miner.open_index(given.index)
            if given.index
            else miner.build_index(folder / "corpus", folder / "index")
        )
        queries, known = miner.read_queries(folder / "queries.jsonl"), judgments(folder)
        mined = {name: miner.mine(queries, index, recipe) for name, recipe in RULES.items()}
    result = {
        "queries": len(queries),
        "passages": len(index),
        "default": repr(RULES["miner"].select),
        "rules": {name: measure(found, known) for name, found in mined.items()},
        "printed": counted(
            RULES["miner"],
            {
                "counts": mined["miner"].counts(),
                "recall": {},
                "recipe": {"select": repr(mined["miner"].recipe.select)},
            },
        ),
        "from Python": from_python(mined["miner"]),
        "example": example(mined["the nearest five"], mined["miner"], known),
    }
    write_json(RESULTS, result)
    print(json.dumps(result["rules"], indent=2), file=sys.stderr)


if __name__ == "__main__":
    main()
