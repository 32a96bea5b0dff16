"""Ways to choose negatives, one function each: queries with one known relevant passage in, rows out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.lib.former_guards import former_copy
from benchmarks.lib.judged import Judged, Stored
from miner.data import Int64
from miner.risk import RiskModel, packaged_model, read_model

COUNT, DEEPEST = 5, 20
RISK_FIT = Path(__file__).parents[1] / "results" / "risk_fit.json"


@dataclass(frozen=True)
class Known:
    """What a miner may know: some queries of a set and for each one revealed relevant passage."""

    judged: Judged
    queries: Int64
    revealed: Int64
    seed: int
    max_length: int

    @property
    def similarities(self) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """[queries, N] cosines; the revealed passages at -1."""
        cosines = self.judged.query_vectors[self.queries] @ self.judged.passage_vectors.T
        cosines[np.arange(len(cosines)), self.revealed] = -1
        return cosines


def random(known: Known) -> list[list[int]]:
    """Drawn from the whole corpus."""
    draw = np.random.default_rng(known.seed)
    others = [draw.choice(len(known.judged.passages), COUNT + 1, replace=False) for _ in known.queries]
    return [
        [row for row in rows.tolist() if row != shown][:COUNT]
        for rows, shown in zip(others, known.revealed.tolist(), strict=True)
    ]


def bm25(known: Known) -> list[list[int]]:
    """The first by BM25 (Lucene's variant, English stop words, no stemming)."""
    import bm25s

    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(known.judged.passages, show_progress=False), show_progress=False)
    queries = bm25s.tokenize([known.judged.queries[i] for i in known.queries], show_progress=False)
    found, _ = retriever.retrieve(queries, k=COUNT + 1, show_progress=False)
    return [
        [row for row in rows if row != shown][:COUNT]
        for rows, shown in zip(found.tolist(), known.revealed.tolist(), strict=True)
    ]


def naive(known: Known) -> list[list[int]]:
    """The most similar passages."""
    best: list[list[int]] = np.argsort(-known.similarities, axis=1, kind="stable")[:, :COUNT].tolist()
    return best


def sentence_transformers(known: Known) -> list[list[int]]:
    """sentence-transformers' own function with the relative margin its documentation recommends."""
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    from miner.models.load import load_sentence_transformer

    judged = known.judged
    row_of = {text: row for row, text in enumerate(judged.passages)}
    vectors = Stored.of(judged, known.max_length)
    model = load_sentence_transformer(None, max_length=known.max_length)
    model.encode_query = model.encode_document = lambda texts, **_: vectors.encode_passages(list(texts))
    queries = [judged.queries[i] for i in known.queries]
    shown = [judged.passages[i] for i in known.revealed]
    mined = mine_hard_negatives(
        Dataset.from_dict({"query": queries, "answer": shown}),
        model,
        corpus=judged.passages,
        range_max=100,
        relative_margin=0.05,
        num_negatives=COUNT,
        sampling_strategy="top",
        output_format="triplet",
        verbose=False,
    )
    rows: dict[str, list[int]] = {query: [] for query in queries}
    for query, negative in zip(mined["query"], mined["negative"], strict=True):
        rows[query].append(row_of[negative])
    return [rows[query] for query in queries]


def miner(known: Known) -> list[list[int]]:
    """miner's defaults, with a risk model that never saw the set."""
    return mine_with(known)


def former_guards(known: Known) -> list[list[int]]:
    """miner's defaults with the rule for copies that it had before: of the fewest that hold five, those that the
    rule lets through."""
    passages, found = known.judged.passages, dict[int, list[int]]()
    for n in range(COUNT, DEEPEST + 1):
        for i, (rows, shown) in enumerate(zip(mine_with(known, n), known.revealed.tolist(), strict=True)):
            left = [row for row in rows if not former_copy(passages[row], passages[shown])]
            if i not in found and (len(left) == COUNT or n == DEEPEST):
                found[i] = left[:COUNT]
        if len(found) == len(known.queries):
            break
    return [found[i] for i in range(len(known.queries))]


def spelt(spelling: str) -> Callable[[Known], list[list[int]]]:
    """miner with other filters and perhaps another selector: 'miner:risk(max=0.05)',
    'miner:margin(relative=0.05)+risk(max=0.1):diverse()' or 'miner::priced(margin=0.1)'.
    """
    from miner.filters import parse_filter
    from miner.selectors import parse_selector

    _, judge, *select = spelling.split(":")
    filters = tuple(map(parse_filter, filter(None, judge.split("+"))))
    options: dict[str, Any] = {"filters": filters}
    if select:
        options["select"] = parse_selector(select[0])
    return lambda known: mine_with(known, **options)


@dataclass(frozen=True)
class Mined:
    """What a query trains on beside its revealed passage, as rows of passages."""

    negatives: list[int]
    relevant: tuple[int, ...] = ()
    """What a judge made relevant."""


def method(name: str) -> Callable[[Known], list[Mined]]:
    """The method of a name in METHODS, or as `spelt` reads it, perhaps judged: 'drop:' or 'relabel:' and a
    method. Raises KeyError."""
    kind, _, inner = name.partition(":")
    if kind in ("drop", "relabel"):
        return lambda known: judged_by(known, method(inner)(known), promote=kind == "relabel")
    way = spelt(name) if kind == "miner" and inner else METHODS[name]
    return lambda known: [Mined(rows) for rows in way(known)]


FOUND, RIGHT = 0.9, 0.95
"""Shares of the answers that a simulated judge finds and of the others that it is right on."""


def judged_by(known: Known, mined: list[Mined], promote: bool) -> list[Mined]:
    """Without the negatives that a simulated judge calls answers; with `promote` they are made relevant. A
    judge says the same of a pair whichever method asks."""
    done = []
    for query, own in zip(known.queries.tolist(), mined, strict=True):
        answers = known.judged.relevant[query]
        said = [
            np.random.default_rng([known.seed, query, row]).random()
            < (FOUND if row in answers else 1 - RIGHT)
            for row in own.negatives
        ]
        called = tuple(row for row, yes in zip(own.negatives, said, strict=True) if yes)
        left = [row for row in own.negatives if row not in called]
        done.append(Mined(left, called if promote else ()))
    return done


def unseen_model(name: str) -> RiskModel:
    """The risk model fitted without this set; the packaged one where it was not fitted on it."""
    left_out = orjson.loads(RISK_FIT.read_bytes())["left_out"]
    if name not in left_out:
        return packaged_model()
    return read_model(orjson.dumps(left_out[name]["risk"]), RISK_FIT)


def mine_with(known: Known, n: int = COUNT, **options: object) -> list[list[int]]:
    """miner with n negatives a query and options of its Recipe."""
    from miner.data import Passage, Query
    from miner.index import build_index
    from miner.mining.recipe import Recipe
    from miner.mining_tasks.mine import mine
    from miner.progress import Clock

    judged = known.judged
    encoder = Stored.of(judged, known.max_length)
    passages = (Passage(str(row), text) for row, text in enumerate(judged.passages))
    queries = [
        Query(judged.queries[i], relevant_ids=(str(shown),))
        for i, shown in zip(known.queries, known.revealed.tolist(), strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        index = build_index(passages, Path(folder) / "index", encoder, clock=Clock())
        recipe = Recipe(n=n, seed=known.seed, risk=unseen_model(judged.name), **options)  # type: ignore[arg-type]
        mined = mine(queries, index, recipe, encoder=encoder)
        return [[int(negative.id) for negative in mined[i].negatives] for i in range(len(queries))]


METHODS: dict[str, Callable[[Known], list[list[int]]]] = {
    "random": random,
    "bm25": bm25,
    "naive": naive,
    "sentence-transformers": sentence_transformers,
    "miner": miner,
    "former-guards": former_guards,
}
