"""One more filter, selector or search method is one class and one line in a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import miner
from miner.data import KEPT, RISK, Bool, Candidates, Half, Int64, Pool, Selection, UInt8
from miner.errors import ConfigError
from miner.filters import FILTERS, parse_filter
from miner.index import Index
from miner.progress import Clock
from miner.search.search import METHODS, Search
from miner.selectors import SELECTORS, parse_selector
from miner.selectors.base import lay_out
from miner.spec import Spec


@dataclass(frozen=True, repr=False)
class EvenRows(Spec):
    """Keeps passages that stand at even rows."""

    name: ClassVar[str] = "even"

    def keep(self, pool: Pool) -> Bool:
        return np.equal(pool.rows % 2, 0)


@dataclass(frozen=True, repr=False)
class LeastRisk(Spec):
    """Takes the least risky first."""

    name: ClassVar[str] = "safest"
    needs: ClassVar[frozenset[str]] = frozenset({RISK})

    def choose(self, pool: Pool, verdicts: UInt8, n: Int64, seed: int) -> Selection:
        assert pool.risk is not None
        order = np.argsort(np.where(verdicts == KEPT, pool.risk, np.inf), axis=1, kind="stable")
        count = np.minimum(n, np.sum(verdicts == KEPT, axis=1))
        return lay_out((line[:k] for line, k in zip(order, count.tolist(), strict=True)), n)


@dataclass(frozen=True, repr=False)
class FirstHalf(Spec):
    """Looks at the first half of the corpus only."""

    name: ClassVar[str] = "half"
    exact: ClassVar[bool] = False

    def over(self, index: Index, max_memory: int, clock: Clock | None = None) -> HalfSearcher:
        return HalfSearcher(index)


@dataclass(frozen=True)
class HalfSearcher:
    index: Index

    def search(self, queries: Half, k: int) -> Candidates:
        found = self.index.search(queries, len(self.index))
        lines = [row[row < len(self.index) // 2][:k] for row in found.rows]
        kept = [
            score[row < len(self.index) // 2][:k] for row, score in zip(found.rows, found.scores, strict=True)
        ]
        pad = [k - len(line) for line in lines]
        rows = [np.pad(line, (0, left), constant_values=-1) for line, left in zip(lines, pad, strict=True)]
        scores = [np.pad(s, (0, left), constant_values=-np.inf) for s, left in zip(kept, pad, strict=True)]
        return Candidates(np.stack(rows), np.stack(scores).astype(np.float32))


@pytest.fixture
def index(tmp_path: Path) -> Index:
    passages = [{"id": str(i), "text": f"topic {i} and word {i * i}"} for i in range(40)]
    return miner.build_index(passages, tmp_path / "index", "hashing")


QUERY = [{"query": "topic 3", "relevant_ids": ["3"]}]


def rows_of(result: Any) -> list[int]:
    return [int(negative.id) for negative in result[0].negatives]


def test_a_filter(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILTERS, EvenRows.name, EvenRows)
    found = rows_of(miner.mine(QUERY, index, miner.Recipe(filters=(parse_filter("even()"),))))
    assert found
    assert all(row % 2 == 0 for row in found)


def test_a_selector_gets_the_evidence_that_it_needs_without_a_filter_that_needs_it(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SELECTORS, LeastRisk.name, LeastRisk)
    result = miner.mine(QUERY, index, miner.Recipe(filters=(), select=parse_selector("safest()")))
    risks = [negative.risk for negative in result[0].negatives if negative.risk is not None]
    assert len(risks) == 5
    assert risks == sorted(risks)


def test_a_packaged_selector_works_without_a_risk_filter_too(index: Index) -> None:
    result = miner.mine(QUERY, index, miner.Recipe(filters=(), select=parse_selector("priced()")))
    assert all(negative.risk is not None for negative in result[0].negatives)


def test_a_filter_that_needs_a_cross_encoder_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ConfigError, match=r"denoise\(\) needs the scores of a cross-encoder"):
        miner.Recipe(filters=(parse_filter("denoise()"),))


def test_a_search_method(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, FirstHalf.name, FirstHalf)
    result = miner.mine(QUERY, index, miner.Recipe(n=2, depth=10, search=Search("half()")))
    assert all(row < 20 for row in rows_of(result))
    assert result.recall[str(index.place)] < 1
