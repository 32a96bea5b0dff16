"""The commands that are broken on purpose, and what their results must be in spite of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from miner.data import Passage
from miner.encoders import HashingEncoder
from miner.index import build_index
from miner.storage.files import write_jsonl
from tests.support.mined_files import made_rows, write_mined

TIMED = ("build.json", ".building", ".reading")
"""Endings of files that hold times or process ids, and so differ from run to run."""


@dataclass(frozen=True)
class Scenario:
    """`prepare` lays out a folder; `arguments` is the command run in it; the `results` are files or folders, which with
    `at_once` are all there or none.
    """

    name: str
    prepare: Callable[[Path], None]
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    at_once: bool = False

    def snapshot(self, folder: Path) -> dict[str, bytes]:
        """The bytes of all results, those with times and locks left out."""
        found = {}
        for result in self.results:
            path = folder / result
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file() and not file.name.endswith(TIMED) and "cache" not in file.parts:
                    found[str(file.relative_to(folder))] = file.read_bytes()
        return found


def corpus(size: int, changed: int = 0) -> list[dict[str, str]]:
    """Passages of which the first `changed` differ from those of the unchanged corpus."""
    return [
        {
            "_id": f"p{i}",
            "title": f"Page {i % 7}",
            "text": f"passage {i} tells of {'change' if i < changed else i * i}",
        }
        for i in range(size)
    ]


def queries() -> list[dict[str, object]]:
    return [
        {"query": f"what tells passage {i}", "relevant_ids": [f"p{i}", f"p{i + 1}"]} for i in range(0, 80, 2)
    ]


def lay_corpus(folder: Path) -> None:
    write_jsonl(folder / "corpus.jsonl", corpus(90))
    write_jsonl(folder / "queries.jsonl", queries())


def lay_index(folder: Path) -> None:
    lay_corpus(folder)
    passages = [
        Passage(p["_id"], p["text"], p["title"], "corpus.jsonl", i + 1) for i, p in enumerate(corpus(90))
    ]
    build_index(passages, folder / "index", HashingEncoder(), shard_size=30)


def lay_changed(folder: Path) -> None:
    lay_index(folder)
    write_jsonl(folder / "corpus.jsonl", corpus(100, changed=20))


def lay_rows(folder: Path) -> None:
    rows = [
        {"query": f"query number {i} {i * i}", "relevant_passages": [f"answer {i // 2} is {i // 2 * 7}"],
         "hard_negatives": [f"no answer {i} {j}" for j in range(3)]}
        for i in range(60)
    ]  # fmt: skip
    write_jsonl(folder / "rows.jsonl", rows)


def lay_mined(folder: Path) -> None:
    """Rows with receipts and a run's record."""
    write_mined(folder / "rows.jsonl", made_rows(60))


def lay_documents(folder: Path) -> None:
    (folder / "docs" / "deep").mkdir(parents=True)
    for i in range(6):
        (folder / "docs" / "deep" / f"{i}.md").write_text(f"# Page {i}\n\nSee <b>the page</b> on {i * i}.\n")


WAYS = (
    "To change {thing}, open the settings and press the second button.",
    "Only the owner may see {thing}; the team gets a message when it was changed.",
    "By phone: have the number of your last payment at hand when {thing} shall change.",
    "Support asks you for a reason if {thing} has been changed twice in a week.",
)


def lay_families(folder: Path) -> None:
    """An index where queries have three relevant passages about one thing."""
    things = [
        f"{name}{number} {name}" for number in range(10) for name in ("plan", "tool", "seat", "bill", "room")
    ]
    passages = [
        Passage(f"{thing}/{j}", way.format(thing=thing), "", f"{j}.jsonl", i)
        for i, thing in enumerate(things)
        for j, way in enumerate(WAYS)
    ]
    build_index(passages, folder / "index", HashingEncoder(), shard_size=80)
    asked = (
        {"query": f"how do I change {thing}", "relevant_ids": [f"{thing}/{j}" for j in range(3)]}
        for thing in things
    )
    write_jsonl(folder / "queries.jsonl", asked)


def lay_judged(folder: Path) -> None:
    lay_rows(folder)
    judged = (
        {
            "query": f"query number {i} {i * i}",
            "passage": f"no answer {i} {j}",
            "verdict": "answers" if j else "no",
        }
        for i in range(60)
        for j in range(3)
    )
    write_jsonl(folder / "judged.jsonl", judged)


BUILD = ("build-index", "corpus.jsonl", "--encoder", "hashing", "--out", "index", "--shard-size", "30")
SCENARIOS = (
    Scenario("build-index", lay_corpus, BUILD, ("index",)),
    Scenario("update", lay_changed, (*BUILD, "--update"), ("index",)),
    Scenario(
        "mine", lay_index, ("mine", "queries.jsonl", "--index", "index", "-o", "out.jsonl", "-n", "3"),
        ("out.jsonl", "out.receipts.jsonl"),
    ),
    Scenario(
        "calibrate", lay_index, ("calibrate", "queries.jsonl", "--index", "index", "--prior", "1", "-o", "c.json"),
        ("c.json",),
    ),
    Scenario(
        "audit", lay_judged, ("audit", "rows.jsonl", "--judgments", "judged.jsonl"),
        ("rows.suggested_positives.jsonl",),
    ),
    Scenario(
        "calibrate by hiding", lay_families, ("calibrate", "queries.jsonl", "--index", "index", "-o", "c.json"),
        ("c.json", "c.svg"),
    ),
    Scenario("convert", lay_rows, ("convert", "rows.jsonl", "out.jsonl", "--to", "flag-embedding"), ("out.jsonl",)),
    Scenario(
        "convert with receipts", lay_mined, ("convert", "rows.jsonl", "out.jsonl"),
        ("out.jsonl", "out.receipts.jsonl", "out.run.json"),
    ),
    Scenario(
        "split", lay_mined, ("split", "rows.jsonl", "--small", "--model", "hashing", "-o", "parts"), ("parts",)
    ),
    Scenario("sample", lambda folder: None, ("sample", "help"), ("help",), at_once=True),
    Scenario("to a folder", lay_mined, ("convert", "rows.jsonl", "beir", "--to", "beir"), ("beir",), at_once=True),
    Scenario("clean a folder", lay_documents, ("clean", "docs", "-o", "clean"), ("clean",), at_once=True),
)  # fmt: skip


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
