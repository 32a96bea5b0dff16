"""What is to be decided: pairs of a mined file in an order, and what was said of them so far."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson

from miner.auditing import Audit, draw, read_population, stratify
from miner.formats.cohere import load_rows, record_of
from miner.judging import Panel
from miner.judging.relabel import relabel
from miner.judgments import PERSON, Judgment, JudgmentStore, Pair, Verdict
from miner.reporting.page import UNSEEN

Order = Literal["draw", "doubtful"]
DOUBT = {"unsure": 0, "partly": 1, "answers": 2, None: 3, "no": 4}
"""What judges said, the most doubtful first; what nobody judged comes before what was judged a no."""
_SHOWN = {point: f"⟨U+{point:04X}⟩" for first, last in UNSEEN for point in range(first, last + 1)}


class ReviewQueue:
    """The negatives of a mined file that a person is asked about: the audit's draw of k (0 for all), or the
    most doubtful k. Raises what reading the file and its judgments raises."""

    def __init__(
        self, mined: Path, store: JudgmentStore, *, k: int = 100, seed: int = 0, order: Order = "draw"
    ) -> None:
        self.mined, self.store, self.order = mined, store, order
        self.population = read_population(mined, seed)
        self.strata = stratify(self.population)
        if order == "draw":
            self.draws = draw(self.strata, k)
            self.pairs = self.population.pairs([member for _, member in self.draws])
        else:
            self.draws = []
            everything = self.population.pairs(range(len(self.population.scores)))
            self.pairs = [everything[i] for i in self._doubtful(everything)[: k or None]]

    def __len__(self) -> int:
        return len(self.pairs)

    def _doubtful(self, pairs: Sequence[Pair]) -> list[int]:
        said = [self.store.book.find(pair) for pair in pairs]
        doubt = [DOUBT[found.verdict if found and found.by != PERSON else None] for found in said]
        return [int(i) for i in np.lexsort((-self.population.scores, np.array(doubt)))]

    @cached_property
    def keys(self) -> set[tuple[bytes, bytes]]:
        return {pair.key for pair in self.pairs}

    def verdict(self, place: int) -> Verdict | None:
        """What a person said."""
        found = self.store.book.find(self.pairs[place], PERSON)
        return found.verdict if found else None

    def decide(self, place: int, verdict: Verdict) -> None:
        """Keep a person's verdict. Raises OutputError."""
        self.store.append(Judgment.now(self.pairs[place], verdict))

    def undo(self, place: int) -> None:
        """Take a person's last verdict on a pair back; one said before counts again."""
        if (found := self.store.book.find(self.pairs[place], PERSON)) is not None:
            self.store.withdraw(found)

    def state(self) -> dict[str, Any]:
        """The verdicts in order, how many of each, and the rate so far where the order is a draw."""
        self.store.refresh()
        verdicts = [self.verdict(place) for place in range(len(self))]
        counts = {name: verdicts.count(name) for name in ("answers", "partly", "no", "unsure")}
        state: dict[str, Any] = {
            "file": self.mined.name,
            "order": self.order,
            "verdicts": verdicts,
            "answered": sum(verdict is not None for verdict in verdicts),
            "counts": counts,
        }
        if self.order == "draw" and counts["answers"] + counts["no"]:
            audit = Audit.of(self.population, self.strata, self.draws, verdicts, PERSON)
            state["rate"] = audit.rate().record()
        return state

    def item(self, place: int) -> dict[str, Any]:
        """The texts of a pair. What is estimated of it is kept back where it would lead whoever answers."""
        pair = self.pairs[place]
        said = self.store.book.find(pair)
        judged = said if said and said.by != PERSON and self.order == "doubtful" else None
        return {
            "place": place,
            "query": visible(pair.query),
            "relevant": [visible(text) for text in pair.relevant],
            "candidate": visible(pair.passage),
            "id": pair.id and visible(pair.id),
            "verdict": self.verdict(place),
            "judged": None if judged is None else {"verdict": judged.verdict, "by": visible(judged.judge)},
        }

    def export(self) -> bytes:
        """The file corrected by all judgments: what answers is a relevant passage, what answers in part gone."""
        self.store.refresh()
        done = relabel(load_rows(self.mined), Panel([], self.store), ambiguous=10**9)
        return b"".join(orjson.dumps(record_of(row), option=orjson.OPT_APPEND_NEWLINE) for row in done.rows)


def visible(text: str) -> str:
    """The text with characters that nobody would see, or that turn text round, shown by their code."""
    return text.translate(_SHOWN)
