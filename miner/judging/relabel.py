"""Rows that exist already, judged: what is no negative is made a relevant passage, dropped or replaced.

Relabelling beats removing (RLHN, arXiv 2505.16967, table 4): a false negative is a relevant passage nobody
knew. Queries with very many answers among their candidates are too vague to train on, and are set aside.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from miner.corpus.options import ReadOptions
from miner.data import Query, Row
from miner.formats.reading import read_any
from miner.judging.base import judge_name
from miner.judging.panel import Panel, check_is_panel
from miner.judging.trial import JudgeTrial, TrialPair, hold_trial
from miner.judgments import Judgment, Pair
from miner.judgments.known import KnownJudgments, Standing
from miner.judgments.record import key_of
from miner.storage.paths import as_path
from miner.text.match import Match, MatchRequest, match_all
from miner.text.near_copies import NearCopies

AMBIGUOUS = 7
"""Answers among the negatives above which a query is set aside, as in RLHN."""
Fill = Callable[[Sequence[Query], int], "list[tuple[tuple[str, ...], list[dict[str, Any]]]]"]
"""Further negatives, with their receipts, of queries that keep some and are to have so many."""


@dataclass
class RelabelCounts:
    """What was found and done; `pairs` by verdict are the negatives of all rows."""

    rows: int = 0
    negatives: int = 0
    pairs: Counter[str] = field(default_factory=Counter)
    rows_changed: int = 0
    promoted: int = 0
    dropped: int = 0
    copies: int = 0
    """Negatives that match a passage that was promoted."""
    filled: int = 0
    ambiguous: int = 0
    without: int = 0
    """Rows without a negative at the end."""
    rows_after: int = 0
    negatives_after: int = 0
    relevant: int = 0
    relevant_after: int = 0

    def record(self) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**named, "pairs": dict(self.pairs)}


@dataclass(frozen=True)
class Relabelled:
    """New rows with a receipt for each, the rows set aside as they were, and what was done."""

    rows: list[Row]
    receipts: list[dict[str, Any]]
    ambiguous: list[Row]
    counts: RelabelCounts
    trials: list[JudgeTrial]
    answers: list[tuple[Pair, bool]]


def relabel(
    rows: str | Path | Iterable[Row],
    panel: Panel,
    *,
    promote: bool = True,
    ambiguous: int = AMBIGUOUS,
    fill: Fill | None = None,
) -> Relabelled:
    """Judge every negative of the rows, or of those in a file of any known format.

    What answers becomes a relevant passage, or with promote=False goes; what answers in part goes; what is unsure
    stays. With several judges each sees what the one before did not pass. `fill` gives further negatives in
    place of those that went.

    Raises MinerError for a judge that cannot tell, and what the judges raise; what they said is kept.
    """
    check_is_panel(panel)
    old = (
        [row for _, row in read_any(as_path(rows, "the file of rows"), ReadOptions())]
        if isinstance(rows, str | Path)
        else list(rows)
    )
    trials = [
        hold_trial(panel, judge, known_pairs(old, judge.limits.trial))
        for judge in panel.judges
        if judge.limits.trial
    ]
    pairs = [
        [Pair(row.query, text, None, row.relevant_passages) for text in row.hard_negatives] for row in old
    ]
    _ask(panel, [pair for own in pairs for pair in own])
    done = _Relabelling(panel, promote, ambiguous)
    for row, own in zip(old, pairs, strict=True):
        done.add(row, own)
    if fill is not None:
        done.fill(fill)
    return done.finish(trials)


def known_pairs(rows: Sequence[Row], size: int) -> list[TrialPair]:
    """Relevant passages of the rows, and for each the relevant passage of a row far from it; the draw depends
    on the texts alone. Rows say nothing of similarity, so it is told as 0."""
    drawn = sorted(range(len(rows)), key=lambda i: hashlib.sha256(rows[i].query.encode()).digest())
    found = list[TrialPair]()
    for place, i in enumerate(drawn[:size]):
        row, far = rows[i], rows[drawn[(place + len(rows) // 2) % len(rows)]]
        own = row.relevant_passages
        found.append(TrialPair(Pair(row.query, own[0], None, own[1:]), "answers", 0.0))
        if far.query != row.query and far.relevant_passages[0] not in own:
            found.append(TrialPair(Pair(row.query, far.relevant_passages[0], None, own), "no", 0.0))
    return found


def _ask(panel: Panel, pairs: Sequence[Pair]) -> None:
    """The first judge about all, each other about what those before it did not pass."""
    open_ones = [pair for pair in pairs if _settled(panel, pair) is None]
    for judge in panel.judges:
        panel.ask(judge, open_ones)
        said = [(pair, panel.said(judge, pair)) for pair in open_ones]
        open_ones = [pair for pair, found in said if found is not None and found.verdict != "no"]


def _settled(panel: Panel, pair: Pair) -> Judgment | None:
    """What people and files say, where they do."""
    names = {judge_name(judge) for judge in panel.judges}
    query, passage = pair.key
    said = {
        name: judgment
        for name, judgment in panel.store.book.pairs.get(query, {}).get(passage, {}).items()
        if name not in names
    }
    weighed = KnownJudgments(()).weigh(said)
    return None if weighed is None or weighed.standing == Standing.OPEN else weighed.judgment


def final(panel: Panel, pair: Pair) -> Judgment | None:
    """What counts of a pair: a person's or a file's word, else that of the last judge who was asked."""
    if (settled := _settled(panel, pair)) is not None:
        return settled
    last = None
    for judge in panel.judges:
        found = panel.said(judge, pair)
        if found is None:
            break
        last = found
        if found.verdict == "no":
            break
    return last


class _Relabelling:
    """Row by row."""

    def __init__(self, panel: Panel, promote: bool, ambiguous: int) -> None:
        self.panel, self.promote, self.limit = panel, promote, ambiguous
        self.counts, self.rows, self.receipts = RelabelCounts(), list[Row](), list[dict[str, Any]]()
        self.aside, self.wanted = list[Row](), list[int]()
        self.answers = list[tuple[Pair, bool]]()
        self.near = NearCopies()

    def add(self, row: Row, pairs: Sequence[Pair]) -> None:
        said = [final(self.panel, pair) for pair in pairs]
        verdicts = [judgment.verdict if judgment else "not judged" for judgment in said]
        counts = self.counts
        counts.rows += 1
        counts.negatives += len(pairs)
        counts.relevant += len(row.relevant_passages)
        counts.pairs.update(verdicts)
        self.answers += [(pair, v == "answers") for pair, v in zip(pairs, verdicts, strict=True)]
        if verdicts.count("answers") > self.limit:
            counts.ambiguous += 1
            self.aside.append(row)
            return
        promoted = self._promoted(row, verdicts)
        kept = [place for place, verdict in enumerate(verdicts) if verdict not in ("answers", "partly")]
        kept = self._without_copies(row, kept, [row.hard_negatives[place] for place in promoted])
        counts.dropped += len(pairs) - len(kept) - len(promoted)
        counts.promoted += len(promoted)
        counts.rows_changed += len(kept) < len(pairs)
        relevant = (*row.relevant_passages, *(row.hard_negatives[place] for place in promoted))
        self.rows.append(Row(row.query, relevant, tuple(row.hard_negatives[place] for place in kept)))
        self.wanted.append(len(pairs))
        known = [{"id": None, "source": "given"} for _ in row.relevant_passages]
        self.receipts.append(
            {
                "query": row.query,
                "relevant": [*known, *(_entry(said[place]) for place in promoted)],
                "negatives": [_entry(said[place]) for place in kept],
            }
        )

    def _promoted(self, row: Row, verdicts: Sequence[str]) -> list[int]:
        """Places of negatives that become relevant, none that says what another already says."""
        if not self.promote:
            return []
        known, places = set(map(key_of, row.relevant_passages)), list[int]()
        for place, verdict in enumerate(verdicts):
            key = key_of(row.hard_negatives[place])
            if verdict == "answers" and key not in known:
                known.add(key)
                places.append(place)
        return places

    def _without_copies(self, row: Row, kept: list[int], promoted: Sequence[str]) -> list[int]:
        if not promoted:
            return kept
        texts = tuple(row.hard_negatives[place] for place in kept)
        (codes,) = match_all([MatchRequest(row.query, texts, tuple(promoted))], self.near)
        left = [place for place, code in zip(kept, codes.tolist(), strict=True) if code == Match.NONE]
        self.counts.copies += len(kept) - len(left)
        return left

    def fill(self, fill: Fill) -> None:
        """Give rows that lost negatives others, as many as they had."""
        short: dict[int, list[int]] = {}
        for i, (row, wanted) in enumerate(zip(self.rows, self.wanted, strict=True)):
            if len(row.hard_negatives) < wanted:
                short.setdefault(wanted, []).append(i)
        for wanted, places in sorted(short.items()):
            queries = [
                Query(row.query, row.relevant_passages, (), row.hard_negatives)
                for row in (self.rows[i] for i in places)
            ]
            for i, (texts, entries) in zip(places, fill(queries, wanted), strict=True):
                row = self.rows[i]
                self.rows[i] = replace(row, hard_negatives=(*row.hard_negatives, *texts))
                self.receipts[i]["negatives"] += entries
                self.counts.filled += len(texts)

    def finish(self, trials: list[JudgeTrial]) -> Relabelled:
        counts = self.counts
        counts.rows_after = len(self.rows)
        counts.negatives_after = sum(len(row.hard_negatives) for row in self.rows)
        counts.relevant_after = sum(len(row.relevant_passages) for row in self.rows)
        counts.without = sum(not row.hard_negatives for row in self.rows)
        return Relabelled(self.rows, self.receipts, self.aside, counts, trials, self.answers)


def _entry(judgment: Judgment | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": None, "source": "given"}
    if judgment is not None:
        entry["judged"] = {"verdict": judgment.verdict, "by": judgment.judge}
    return entry
