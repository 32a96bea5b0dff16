"""Cohere's walk-through on your own machine: choose the right holding, before and after fine-tuning.

    python -m benchmarks.quality.casehold DATA       rows of CaseHOLD in DATA/casehold/casehold.jsonl
    python -m benchmarks.quality.casehold            the packaged sample, mined first

docs/casehold.md tells what happens. Figures go to --results, and three examples are printed.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from miner.cli.console import safe, table
from miner.data import Row
from miner.formats.cohere import load_rows, write_rows
from miner.models.locate import BUNDLED
from miner.progress import Clock, Terminal
from miner.reranking import Reranker, load_reranker
from miner.reranking.evaluate import TABLE_HEADER, judge_both
from miner.reranking.tasks import Task, tasks_of
from miner.storage import files
from miner.training.dataset import split
from miner.training.plan import TrainSettings
from miner.training.train import train
from miner.validating import validate

WINDOW = 96
MARK = "<HOLDING>"
USED, VALIDATION = 500, 64
"""Rows that training may see, and how many of them it is judged by."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="folder that holds casehold/casehold.jsonl")
    parser.add_argument("--results", type=Path, help="where to write the figures")
    parser.add_argument("--work", type=Path, help="where the prepared files and the model go")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run(options.data, options.work or Path(scratch), options.results, options.seed)


def run(data: Path | None, work: Path, results: Path | None, seed: int) -> None:
    work.mkdir(parents=True, exist_ok=True)
    parts = prepare(data, work)
    validate_files(work)
    clock = Clock(Terminal())
    settings = TrainSettings(seed=seed)
    training = train(work / "train.jsonl", work / "model", work / "eval.jsonl", settings, clock, tell=print)
    print(training.decision)
    tasks = tasks_of(parts["test"])
    tuned = load_reranker(work / "model")
    base = load_reranker(BUNDLED, tuned.max_length)
    comparison = judge_both(tasks, tuned, base, seed, clock)
    print(f"\n{comparison.queries} test rows, none of them seen in training or validation")
    print(table(comparison.table(), TABLE_HEADER))
    look(tasks, tuned, base)
    if results:
        record = {
            "rows": {name: len(part) for name, part in parts.items()},
            "plan": training.plan.record(),
            "validation": training.comparison.record(),
            "decision": training.decision,
            "test": comparison.record(),
            "stages": clock.record(),
        }
        files.write_json(results, record)


def prepare(data: Path | None, work: Path) -> dict[str, list[Row]]:
    """Rows to train on, to validate on and to test on, also written as files."""
    if data:
        rows = [windowed(row) for row in load_rows(data / "casehold" / "casehold.jsonl")]
        parts = {
            "train": rows[: USED - VALIDATION],
            "eval": rows[USED - VALIDATION : USED],
            "test": rows[USED:],
        }
    else:
        used, test = split(sample_rows(work), 0.2, seed=0)
        training, validation = split(used, 0.2, seed=0)
        parts = {"train": training, "eval": validation, "test": test}
    for name, part in parts.items():
        write_rows(work / f"{name}.jsonl", part)
        print(f"{work / name}.jsonl: {len(part)} rows")
    return parts


def windowed(row: Row) -> Row:
    """The query cut to WINDOW words with the MARK in their middle, as far as its ends allow."""
    words = row.query.split()
    mark = next((i for i, word in enumerate(words) if MARK in word), len(words) // 2)
    start = max(0, min(mark - WINDOW // 2, len(words) - WINDOW))
    return replace(row, query=" ".join(words[start : start + WINDOW]))


def sample_rows(work: Path) -> list[Row]:
    """The sample's queries with negatives mined from its corpus."""
    from miner import build_index, mine, read_queries, sample

    sample(work / "sample")
    index = build_index(work / "sample" / "corpus", work / "index")
    return list(mine(read_queries(work / "sample" / "queries.jsonl"), index))


def validate_files(work: Path) -> None:
    found = validate(work / "train.jsonl", work / "eval.jsonl")
    print(f"{found.errors} errors, {found.warnings} warnings")
    for finding in found.findings:
        print(f"{finding.place}: {finding.severity} [{finding.rule}] {safe(finding.message, 160)}")


def look(tasks: list[Task], tuned: Reranker, base: Reranker) -> None:
    """One query that training put right, one that it put wrong, one that neither gets."""
    wanted = {(False, True): "put right", (True, False): "put wrong", (False, False): "still wrong"}
    for task in tasks:
        firsts = [int(model.score(task.query, task.documents).argmax()) for model in (base, tuned)]
        title = wanted.pop((firsts[0] < task.relevant, firsts[1] < task.relevant), None)
        if title:
            print(f"\n{title}: … {safe(task.query)} …")
            for name, first in zip(("right", "before", "after"), (0, *firsts), strict=True):
                print(f"  {name:6}  {safe(task.documents[first], 140)}")
        if not wanted:
            return


if __name__ == "__main__":
    main()
