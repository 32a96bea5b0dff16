"""Mined negatives to be read by eye, blind: what answers its query although nobody labelled it, and what is too easy.

    python -m benchmarks.quality.by_eye draw DATA_DIR SET [--queries 50] [--seed 0] [--recipes RECIPE ...]
        -o SHEET.jsonl --key KEY.jsonl
    python -m benchmarks.quality.by_eye score SHEET.jsonl VERDICTS.jsonl KEY.jsonl [--name NAME]

Every recipe mines five negatives for the drawn queries and knows all their labelled passages; one place among the
five is drawn for each query, the same for all recipes, and a passage that several recipes have there is read once.
The sheet holds {"id", "query", "relevant", "candidate"} in random order, the key which recipes each line is of. Beside
'nearest' and 'sentence-transformers' a recipe is miner's filters and its selector, as in 'riskiest(), top()'. A
verdict is {"id", "verdict"}, one of those in benchmarks/lib/verdicts.py, and whatever else the reader writes down.
Counts go to benchmarks/results/by_eye.json, each reading under its set or its name; others stay as they were.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lib.contenders import COUNT, Table, mined_by_text
from benchmarks.lib.hidden import DEPTH, Judged, nearest, read_judged
from benchmarks.lib.judged import Stored
from benchmarks.lib.negatives import unseen_model
from benchmarks.lib.verdicts import VERDICTS, in_order, score
from benchmarks.quality.fit_risk import CACHE
from miner.data import Float32, Half, Passage, Query
from miner.filters import parse_filter
from miner.index import Index, build_index
from miner.mining.fitting import fitted
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.progress import Clock
from miner.selectors import parse_selector
from miner.storage.files import read_jsonl, write_json, write_jsonl

RESULTS = Path(__file__).parents[1] / "results" / "by_eye.json"
NAIVE, THEIRS, DEFAULT = "nearest", "sentence-transformers", "priced()"
RECIPES = (
    NAIVE,
    THEIRS,
    "top()",
    "margin(relative=0.05), top()",
    "riskiest(share=0.05), top()",
    "riskiest(share=0.05), below()",
    DEFAULT,
)

Rows = list[list[int]]
"""For each drawn query the rows of its negatives, in the order of the recipe."""


@dataclass(frozen=True)
class Asked:
    """Some queries of a judged set, with all their labelled passages, and vectors in float32 by text."""

    judged: Judged
    queries: Sequence[int]
    """Their numbers in the set."""
    passages: Mapping[str, Float32]
    asked: Mapping[str, Float32]

    @classmethod
    def of(cls, judged: Judged, queries: Sequence[int]) -> Asked:
        return cls(
            judged,
            queries,
            dict(zip(judged.passages, unit(judged.vectors), strict=True)),
            dict(zip(judged.queries, unit(judged.query_vectors), strict=True)),
        )

    def to_query(self, query: int, row: int) -> float:
        return float(self.asked[self.judged.queries[query]] @ self.passages[self.judged.passages[row]])

    def to_relevant(self, query: int, row: int) -> float:
        """Cosine to the nearest labelled passage."""
        texts = self.judged.passages
        return max(
            float(self.passages[texts[own]] @ self.passages[texts[row]])
            for own in self.judged.relevant[query]
        )

    def mined(self, recipes: Sequence[str] = RECIPES) -> dict[str, Rows]:
        """The negatives of every recipe. Raises ConfigError for one that cannot be read."""
        theirs = {NAIVE: self._naive, THEIRS: self._theirs}
        ours = {name: recipe(name) for name in recipes if name not in theirs}
        with tempfile.TemporaryDirectory() as folder:
            encoder = Stored({**self.passages, **self.asked}, max_length=256)
            passages = (Passage(str(row), text) for row, text in enumerate(self.judged.passages))
            index = build_index(passages, Path(folder) / "index", encoder, clock=Clock())
            return {
                name: self._ours(index, encoder, ours[name]) if name in ours else theirs[name]()
                for name in recipes
            }

    def _naive(self) -> Rows:
        """The most similar that are not labelled, by row: whatever equals a labelled passage but for its case is
        left in."""
        found = nearest(self.judged.query_vectors[self.queries], self.judged.vectors, DEPTH)
        return [
            [row for row in line if row not in self.judged.relevant[query]][:COUNT]
            for query, line in zip(self.queries, found.tolist(), strict=True)
        ]

    def _theirs(self) -> Rows:
        """sentence-transformers' function; with several labelled passages its margin is to the least similar."""
        row_of = {text: row for row, text in enumerate(self.judged.passages)}
        names = [self.judged.queries[query] for query in self.queries]
        relevant = {
            name: [self.judged.passages[row] for row in self.judged.relevant[query]]
            for name, query in zip(names, self.queries, strict=True)
        }
        found = mined_by_text(Table(self.passages, self.asked), relevant, COUNT, DEPTH)
        return [[row_of[text] for text in found[name]] for name in names]

    def _ours(self, index: Index, encoder: Stored, recipe: Recipe) -> Rows:
        unseen = replace(recipe, risk=unseen_model(self.judged.name))
        whole = [
            Query(text, relevant_ids=tuple(map(str, rows)))
            for text, rows in zip(self.judged.queries, self.judged.relevant, strict=True)
            if rows
        ]
        queries = [
            Query(self.judged.queries[i], relevant_ids=tuple(map(str, self.judged.relevant[i])))
            for i in self.queries
        ]
        mined = mine(queries, index, fitted(unseen, whole, [index], encoder), encoder=encoder)
        return [[int(each.id) for each in mined[i].negatives] for i in range(len(queries))]


def recipe(name: str) -> Recipe:
    """miner's with its guards, from filters and a selector that commas part. Raises ConfigError."""
    *filters, select = re.split(r"(?<=\)),\s*", name)
    return Recipe(filters=tuple(map(parse_filter, filters)), select=parse_selector(select))


def unit(vectors: Half) -> Float32:
    wide = vectors.astype(np.float32)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), np.float32)


def drawn(judged: Judged, count: int, seed: int) -> list[int]:
    """Numbers of queries in random order: of those that share a labelled passage or a text, one."""
    order = [i for i, rows in enumerate(judged.relevant) if rows]
    random.Random(seed).shuffle(order)
    chosen, taken, texts = list[int](), set[int](), set[str]()
    for i in order:
        if len(chosen) == count:
            break
        if taken.isdisjoint(judged.relevant[i]) and judged.queries[i] not in texts:
            chosen.append(i)
            taken.update(judged.relevant[i])
            texts.add(judged.queries[i])
    return chosen


def sheet(asked: Asked, mined: Mapping[str, Rows], seed: int) -> tuple[list[Any], list[Any]]:
    """Lines of the sheet, in random order, and of the key."""
    draw, judged = random.Random(seed), asked.judged
    pairs: dict[tuple[int, int], list[str]] = {}
    for place, query in enumerate(asked.queries):
        slot = draw.randrange(COUNT)
        for recipe, rows in mined.items():
            if own := rows[place]:
                pairs.setdefault((query, own[slot % len(own)]), []).append(recipe)
    order = [*pairs]
    draw.shuffle(order)
    shown = [
        {
            "id": f"{judged.name}-{number}",
            "query": judged.queries[query],
            "relevant": judged.passages[judged.relevant[query][0]],
            "candidate": judged.passages[row],
        }
        for number, (query, row) in enumerate(order)
    ]
    key = [
        {
            "id": line["id"],
            "set": judged.name,
            "query": query,
            "row": row,
            "to query": round(asked.to_query(query, row), 4),
            "to relevant": round(asked.to_relevant(query, row), 4),
            "recipes": pairs[query, row],
        }
        for line, (query, row) in zip(shown, order, strict=True)
    ]
    return shown, key


def read_lines(path: Path) -> list[Any]:
    return [record for _, record in read_jsonl(path)]


def run_draw(given: argparse.Namespace) -> None:
    judged = read_judged(given.data, given.set, given.cache)
    asked = Asked.of(judged, drawn(judged, given.queries, given.seed))
    shown, key = sheet(asked, asked.mined(given.recipes), given.seed)
    write_jsonl(given.output, shown)
    write_jsonl(given.key, key)
    print(f"{len(asked.queries)} queries, {len(shown)} candidates to read", file=sys.stderr)


def run_score(given: argparse.Namespace) -> None:
    shown, verdicts, key = (read_lines(path) for path in (given.sheet, given.verdicts, given.key))
    before = json.loads(given.output.read_text()) if given.output.exists() else {}
    found = {"reader": given.reader, **score(shown, verdicts, key, in_order(key, RECIPES), DEFAULT)}
    sets = {**before.get("sets", {}), given.name or key[0]["set"]: found}
    write_json(given.output, {"verdicts": VERDICTS, "sets": sets})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    draw = commands.add_parser("draw")
    draw.set_defaults(run=run_draw)
    draw.add_argument("data", type=Path)
    draw.add_argument("set")
    draw.add_argument("--queries", type=int, default=50)
    draw.add_argument("--seed", type=int, default=0)
    draw.add_argument("--recipes", nargs="+", default=RECIPES, metavar="RECIPE")
    draw.add_argument("--cache", type=Path, default=CACHE)
    draw.add_argument("-o", "--output", type=Path, required=True)
    draw.add_argument("--key", type=Path, required=True)
    read = commands.add_parser("score")
    read.set_defaults(run=run_score)
    for name in ("sheet", "verdicts", "key"):
        read.add_argument(name, type=Path)
    read.add_argument("--name", help="under which the reading is kept (default: its set)")
    read.add_argument("--reader", default="a language model", help="who read")
    read.add_argument("-o", "--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    run: Callable[[argparse.Namespace], None] = given.run
    run(given)


if __name__ == "__main__":
    main()
