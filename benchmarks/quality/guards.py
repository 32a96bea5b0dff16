"""What the guards catch and what they keep: suites, doctors' questions, real corpora, windows; beside the rule before.

    python -m benchmarks.quality.guards [--doctors mqp.csv] [--data DATA/medquad=INDEX ...] [--draw FOLDER]

`--data` takes the folder of a data set and an index of its corpus. `--draw` writes pairs to be read by eye, near copies
that are dropped and candidates that only the rule before dropped, mixed so that the order does not tell which is which.
Results go to benchmarks/results/guards.json; what is not asked for stays there as it was.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.lib.former_guards import former_copy
from miner.corpus import read_corpus
from miner.corpus.queries import read_queries
from miner.data import Negative, Passage, Query
from miner.encoders import HashingEncoder
from miner.filters import Filter, Margin, Rank, SameDocument, Score
from miner.index import Index, build_index, open_index
from miner.mining.recipe import Recipe
from miner.mining.relevant import find_relevant
from miner.mining_tasks.mine import mine
from miner.selectors import BelowRelevant, Diverse, Sample, Selector, Top
from miner.storage.files import write_json
from miner.text.copies import RARE, Copies, Weighed
from miner.text.fold import fold
from miner.text.frequencies import Frequencies, FrequencyCounter
from miner.text.match import Match, MatchRequest, match_all
from miner.text.near_copies import NearCopies
from miner.text.tokens import TokenLine
from tests.support.contrasts import CONTRASTS, pairs
from tests.support.contrasts_later import LATER
from tests.support.passages import LENGTHS, SCRIPTS, STRANGE, passage, sentences
from tests.support.transforms import EXCERPTS, PRESENTATION, TYPOS

RESULTS = Path(__file__).parents[1] / "results" / "guards.json"
QUERIES, DEPTH, DRAWN, SEED = 1000, 100, 60, 0
WORDS, STRIDE, SHARED = 80, 40, 0.4
OVERLAPPING, REPEATED = "with an overlapping window", "with a part that the document repeats"
OWN_TEMPLATE = "with a part of a template that the document shares with others"
QUOTED = "with a part that few other documents hold"
TEMPLATE = "with a part of a template of other documents"
KINDS = ("rows", OVERLAPPING, REPEATED, OWN_TEMPLATE, QUOTED, TEMPLATE)
SHAPES = ("#", "_", "-", "/", ":")
FILTERS: tuple[tuple[Filter, ...], ...] = (
    (),
    (Margin(relative=0.05),),
    (SameDocument(),),
    (Rank(first=2),),
    (Score(max=0.95),),
)
SELECTORS: tuple[Selector, ...] = (BelowRelevant(), Top(), Diverse(), Sample())


def share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def caught(near: NearCopies, candidate: str, relevant: str) -> bool:
    return fold(candidate) == fold(relevant) or near.judge(candidate, relevant).copy


def suites() -> dict[str, Any]:
    """Copies caught and contrasts kept of those that the tests make up."""
    near, found = NearCopies(Copies(), Frequencies.none()), dict[str, Any]()
    for name, table in (("presentation", PRESENTATION), ("typos", TYPOS), ("excerpts", EXCERPTS)):
        made = [
            (changed, passage(script, length))
            for transform in table.values()
            for script in SCRIPTS
            for length in LENGTHS
            if (changed := transform(sentences(script, length), STRANGE[script])) is not None
        ]
        now, before = (
            sum(rule(a, b) for a, b in made) for rule in (lambda a, b: caught(near, a, b), former_copy)
        )
        found[name] = _told(len(made), now, before, transforms=len(table))
    for name, kinds in (("contrasts", CONTRASTS), ("contrasts written later, first run", LATER)):
        both = [(a, b) for _, _, a, b in pairs(kinds)]
        kept = sum(not (caught(near, a, b) or caught(near, b, a)) for a, b in both)
        before = sum(not (former_copy(a, b) or former_copy(b, a)) for a, b in both)
        found[name] = _told(len(both), kept, before, kinds=len(kinds))
    return found


def _told(count: int, now: int, before: int, **more: int) -> dict[str, Any]:
    return {
        "pairs": count,
        "right": share(now, count),
        "right with the rule before": share(before, count),
        **more,
    }


def doctors(path: Path) -> dict[str, Any]:
    """Of curai/medical-question-pair-dataset how many of each label are taken for copies, either way round."""
    near, counts, taken, before = (
        NearCopies(Copies(), Frequencies.none()),
        Counter[str](),
        Counter[str](),
        Counter[str](),
    )
    with path.open(encoding="utf-8", newline="") as stream:
        for _, a, b, label in csv.reader(stream):
            name = "rewritten" if label == "1" else "look-alike, another answer"
            counts[name] += 1
            taken[name] += caught(near, a, b) or caught(near, b, a)
            before[name] += former_copy(a, b)
    return {
        name: {"pairs": count, "dropped": taken[name], "dropped before": before[name]}
        for name, count in counts.items()
    }


def corpus(data: Path, index: Index, drawn: Path | None) -> dict[str, Any]:
    """Of the first hundred candidates of some queries, what is dropped as the same and as near copies."""
    queries = list(read_queries(data))
    queries = random.Random(SEED).sample(queries, min(QUERIES, len(queries)))
    encoder, near = index.encoder(), NearCopies(Copies(), index.frequencies)
    relevant = find_relevant(queries, index, lambda passage: passage.text)
    rows = index.search(index.embed_queries([query.text for query in queries], encoder), DEPTH).rows
    asked = [
        MatchRequest(
            query.text, [each.text for each in index.passages(rows[i])], relevant.texts[relevant.of(i)]
        )
        for i, query in enumerate(queries)
    ]
    start = time.process_time()
    codes = list(match_all(asked, near))
    seconds, (cost, size) = time.process_time() - start, statistics(index)
    counts, before, dropped, kept = Counter[str](), 0, list[tuple[str, str]](), list[tuple[str, str]]()
    for i, (request, line) in enumerate(zip(asked, codes, strict=True)):
        own = set(relevant.rows[relevant.of(i)].tolist())
        for row, text, code in zip(rows[i].tolist(), request.candidates, line.tolist(), strict=True):
            counts["relevant" if row in own else Match(code).name.lower()] += 1
            if row in own or code not in (Match.NONE, Match.NEAR_COPY):
                continue
            known = next((each for each in request.relevant if former_copy(text, each)), None)
            before += known is not None
            if code == Match.NEAR_COPY:
                dropped.append(
                    (
                        max(
                            request.relevant,
                            key=lambda each: (near.judge(text, each).copy, near.judge(text, each).cover),
                        ),
                        text,
                    )
                )
            elif known is not None:
                kept.append((known, text))
    every = sum(counts.values())
    if drawn:
        _draw(drawn, data.name, dropped, kept)
    return {
        "queries": len(queries),
        "candidates": every,
        "same": share(sum(counts[name] for name in ("same_text", "same_presented")), every),
        "near copies": share(counts["near_copy"], every),
        "near copies by the rule before": share(before, every),
        "kept that were dropped before": len(kept),
        "milliseconds a query to judge all": round(1000 * seconds / len(queries), 2),
        "milliseconds a passage for the statistics": round(1000 * cost / len(index), 3),
        "bytes of the statistics": size,
    }


def statistics(index: Index) -> tuple[float, int]:
    """Seconds of processor that counting words and runs of words takes when an index is built, and bytes kept."""
    texts = [passage.encoded for passage in index.passages(range(len(index)))]
    start, counter = time.process_time(), FrequencyCounter()
    for text in texts:
        counter.add(text)
    size = counter.result().array().nbytes
    return time.process_time() - start, size


def _draw(
    folder: Path, name: str, dropped: Sequence[tuple[str, str]], kept: Sequence[tuple[str, str]]
) -> None:
    """Pairs without what became of them, and beside them a key."""
    draw, mixed = random.Random(SEED), list[tuple[str, str, str]]()
    for verdict, found in (("dropped", dropped), ("kept", kept)):
        distinct = list(dict.fromkeys(found))
        mixed += [(verdict, *each) for each in draw.sample(distinct, min(DRAWN, len(distinct)))]
    draw.shuffle(mixed)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [{"relevant": a, "candidate": b} for _, a, b in mixed]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (folder / f"{name}.key.json").write_text(json.dumps([verdict for verdict, *_ in mixed]), "utf-8")


@dataclass(frozen=True)
class Windows:
    """Windows over long documents under ids of one shape."""

    passages: Sequence[Passage]
    places: Mapping[str, tuple[int, int]]
    """By id: the number of the document and of the window in it."""

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]], mark: str) -> Windows:
        passages, places = list[Passage](), dict[str, tuple[int, int]]()
        for number, text in enumerate(texts):
            for part, start in enumerate(range(0, len(text) - STRIDE, STRIDE)):
                id = f"doc {number}{mark}{part}" if mark else f"{7919 * len(passages) % 999983:06}"
                passages.append(Passage(id, " ".join(text[start : start + WORDS])))
                places[id] = number, part
        return cls(passages, places)

    def told(self, negative: Negative, relevant: Passage, frequencies: Frequencies) -> str | None:
        """How a negative stands to a relevant passage much of which it shares; None if it does not."""
        run = _shared(negative.text, relevant.text)
        if run is None:
            return None
        (home, part), (other, number) = self.places[negative.id], self.places[relevant.id]
        rare = Weighed(TokenLine(run), frequencies).weights.mean() >= RARE
        if home != other:
            return QUOTED if rare else TEMPLATE
        return OWN_TEMPLATE if not rare else OVERLAPPING if abs(part - number) == 1 else REPEATED


def windows(data: Path) -> dict[str, Any]:
    """Rows with a negative that shares much of its relevant passage, of windows over long documents: windows over the
    same document, what it says again elsewhere, what one other document says too, and templates of many documents.
    """
    texts = [passage.text.split() for passage in read_corpus(data / "corpus.jsonl")]
    long = list(islice((text for text in texts if len(text) >= 5 * WORDS), 60))
    shaped = sum((_windows(long, mark) for mark in SHAPES), Counter[str]())
    found = {"ids of five shapes": shaped, "ids that tell nothing": _windows(long, "")}
    counts = {name: {kind: each[kind] for kind in KINDS} for name, each in found.items()}
    return {**counts, "words": WORDS, "stride": STRIDE, "shapes of ids": len(SHAPES)}


def _windows(texts: Sequence[Sequence[str]], mark: str) -> Counter[str]:
    found, encoder, made = Counter[str](), HashingEncoder(256), Windows.of(texts, mark)
    asked = made.passages[::7]
    queries = [Query(" ".join(each.text.split()[20:32]), (), (each.id,)) for each in asked]
    with tempfile.TemporaryDirectory() as folder:
        index = build_index(made.passages, folder, encoder)
        for filters in FILTERS:
            for select in SELECTORS:
                rows = mine(queries, index, Recipe(filters=filters, select=select), encoder=encoder)
                for row, each in zip(rows, asked, strict=True):
                    told = {made.told(negative, each, index.frequencies) for negative in row.negatives}
                    found.update(["rows", *(kind for kind in told if kind)])
    return found


def _shared(text: str, relevant: str) -> str | None:
    """A run of words of the relevant passage that is long enough and stands in the text."""
    words, line = relevant.split(), f" {' '.join(text.split())} "
    size = int(SHARED * len(words))
    runs = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
    return next((run for run in runs if f" {run} " in line), None)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--doctors", type=Path, help="mqp.csv of curai/medical-question-pair-dataset")
    parser.add_argument("--data", action="append", default=[], metavar="FOLDER=INDEX")
    parser.add_argument("--windows", type=Path, help="a data set with long documents")
    parser.add_argument("--draw", type=Path, help="where pairs to be read are written")
    given = parser.parse_args(arguments)
    found: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    found["suites"] = suites()
    if given.doctors:
        found["doctors"] = doctors(given.doctors)
    for each in given.data:
        folder, _, place = each.partition("=")
        corpora: Mapping[str, Any] = found.get("corpora", {})
        found["corpora"] = {**corpora, Path(folder).name: corpus(Path(folder), open_index(place), given.draw)}
    if given.windows:
        found["windows"] = windows(given.windows)
    write_json(RESULTS, found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
