"""One more filter, selector, search method or encoder backend is one class and one line in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import Any, ClassVar

import numpy as np
import pytest

import miner
from miner.data import KEPT, RISK, Bool, Candidates, Float32, Half, Int64, Pool, Selection, UInt8
from miner.encoders import Encoder
from miner.encoders.batches import unit
from miner.encoders.load import BACKENDS, load_encoder
from miner.errors import ConfigError, ModelError
from miner.filters import FILTERS, parse_filter
from miner.index import Index
from miner.models.locate import Located
from miner.progress import Clock
from miner.search.search import METHODS, Search
from miner.selectors import SELECTORS, parse_selector
from miner.selectors.base import lay_out
from miner.spec import Spec
from tests.support.static_models import make_static


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


def test_a_filter_that_needs_a_teacher_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ConfigError, match=r"denoise\(\) needs the scores of a teacher"):
        miner.Recipe(filters=(parse_filter("denoise()"),))


def test_a_search_method(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, FirstHalf.name, FirstHalf)
    result = miner.mine(QUERY, index, miner.Recipe(n=2, depth=10, search=Search("half()")))
    assert all(row < 20 for row in rows_of(result))
    assert result.recall[str(index.place)] < 1


@dataclass(frozen=True)
class LetterEncoder:
    """Counts letters, whatever the weights: a backend out of another package."""

    model: str
    query_prompt: str
    document_prompt: str
    max_length: int | None

    @classmethod
    def load(
        cls,
        located: Located,
        *,
        device: str | None,
        dtype: str | None,
        query_prompt: str | None,
        document_prompt: str | None,
        max_length: int | None,
    ) -> LetterEncoder:
        return cls(located.name, query_prompt or "", document_prompt or "", max_length)

    @property
    def dim(self) -> int:
        return len(ascii_lowercase)

    @property
    def fingerprint(self) -> dict[str, Any]:
        return {"backend": "letters", "dtype": "fp32", "dim": self.dim, **asdict(self)}

    def encode_queries(self, texts: Sequence[str]) -> Float32:
        return self._encode(self.query_prompt, texts)

    def encode_passages(self, texts: Sequence[str]) -> Float32:
        return self._encode(self.document_prompt, texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def _encode(self, prompt: str, texts: Sequence[str]) -> Float32:
        counts = [[(prompt + text)[: self.max_length].count(c) for c in ascii_lowercase] for text in texts]
        return unit(np.array(counts, np.float32).reshape(len(texts), self.dim))


def test_an_encoder_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It builds, and is found again by what the index says of it."""
    folder = make_static(tmp_path / "model")
    monkeypatch.setitem(BACKENDS, "letters", f"{__name__}:{LetterEncoder.__name__}")
    encoder = load_encoder(str(folder), backend="letters", query_prompt="q ", max_length=9)
    fits: Encoder = encoder
    assert isinstance(fits, LetterEncoder)
    passages = [f"{c * 3} {c}{d}" for c in "abcdef" for d in "uvwxyz"]
    miner.build_index(passages, tmp_path / "letters", encoder)
    opened = miner.open_index(tmp_path / "letters")
    assert opened.encoder() == encoder
    result = miner.mine([("bbb bu", passages[6])], opened, filters=[], select="top()")
    assert all(negative.text.startswith("bbb") for negative in result[0].negatives)
    monkeypatch.delitem(BACKENDS, "letters")
    with pytest.raises(ModelError, match=r"of backend 'letters', which cannot be loaded by name"):
        miner.mine([("ccc cu", passages[6])], opened)
