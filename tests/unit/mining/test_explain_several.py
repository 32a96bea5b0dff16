"""Explained over several indexes: what each encoder sees, and one risk of all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from miner import samples
from miner.corpus.queries import read_queries
from miner.data import Query
from miner.encoders import HashingEncoder
from miner.index import Index, build_index
from miner.mining.explain import explain
from miner.mining_tasks.mine import mine
from miner.risk import logit
from tests.support.commandline import call


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, Index]:
    sample = samples.sample(tmp_path_factory.mktemp("sample"))
    first, second = (
        build_index(sample / "corpus", sample / f"index{dim}", encoder=HashingEncoder(dim))
        for dim in (256, 64)
    )
    return first, second


@pytest.fixture(scope="module")
def query(indexes: tuple[Index, Index]) -> Query:
    return read_queries(Path(str(indexes[0].place)).parent / "queries.jsonl")[3]


def test_the_risk_is_the_mean_of_what_each_index_sees(indexes: tuple[Index, Index], query: Query) -> None:
    found = explain(query, indexes)
    risks = np.array([each.risks for each in found.candidates], np.float32)
    assert risks.shape == (len(found.candidates), 2)
    assert not np.allclose(risks[:, 0], risks[:, 1])
    odds = logit(np.array([each.risk for each in found.candidates], np.float32))
    np.testing.assert_allclose(odds, logit(risks).mean(axis=1), atol=2e-2, rtol=1e-2)
    sums = [sum(each.parts.values()) for each in found.candidates]
    np.testing.assert_allclose(sums, odds, atol=2e-2, rtol=1e-2)
    assert {each.risks for each in explain(query, indexes[0]).candidates} == {()}


def test_it_is_the_risk_that_mining_over_both_goes_by(indexes: tuple[Index, Index], query: Query) -> None:
    (row,) = mine([query], list(indexes))
    told = {each.id: each.risk for each in explain(query, indexes).candidates if each.verdict == "chosen"}
    assert {negative.id: pytest.approx(negative.risk, abs=1e-6) for negative in row.negatives} == told


def test_the_command_takes_several(
    indexes: tuple[Index, Index], query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [option for index in indexes for option in ("--index", index.path)]
    done = call(capsys, "explain", query.text, "--relevant", query.relevant_ids[0], *both)
    assert done.code == 0
    assert "risk 1  risk 2" in done.out
    assert "by what each index sees" in done.out
