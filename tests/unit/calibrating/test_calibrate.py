"""Calibration: fitted on a corpus's own queries, honest about what caps let through, and tied to its index."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miner import samples
from miner.calibrating.calibrate import calibrate, learn
from miner.calibrating.calibration import Bin, Calibration, Point, read_calibration
from miner.calibrating.hidden import gather
from miner.calibrating.labels import LabelledPools
from miner.calibrating.rates import Rate, rate
from miner.corpus.queries import read_queries
from miner.data import Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, IndexMismatch, InputError, MinerError
from miner.filters import Margin, Risk
from miner.index import Index, build_index
from miner.index import build_index as build_from_path
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.progress import Clock
from miner.risk import NAMES, packaged_model, probability
from miner.selectors import RiskPenalty, Top
from miner.storage.files import write_jsonl
from tests.support.commandline import call


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def index(sample: Path, encoder: HashingEncoder) -> Index:
    return build_from_path(sample / "corpus", sample / "index", encoder=encoder)


@pytest.fixture(scope="module")
def queries(sample: Path) -> list[Query]:
    return read_queries(sample / "queries.jsonl")


@pytest.fixture(scope="module")
def calibration(queries: list[Query], index: Index) -> Calibration:
    return calibrate(queries, index)


def synthetic(queries: int, seed: int, shift: float = 0.0, slope: float = 1.0) -> LabelledPools:
    """Candidates whose risk is `slope` times the packaged model's log odds plus `shift`."""
    rng = np.random.default_rng(seed)
    features = np.zeros((queries, 100, len(NAMES)))
    features[..., 0] = rng.normal(2.5, 1.5, (queries, 100)) + rng.normal(0, 0.7, (queries, 1))
    features[..., 2] = rng.normal(0.2, 0.3, (queries, 100))
    odds = shift + slope * packaged_model().logits(features)
    hidden = rng.uniform(size=odds.shape) < probability(odds)
    return LabelledPools(features, np.ones_like(hidden), hidden, np.ones_like(hidden))


def test_one_passage_is_shown_and_the_others_are_looked_for(queries: list[Query], index: Index) -> None:
    queries = queries[:120]
    several = [query for query in queries if len(query.relevant_ids) > 1]
    evidence = gather(queries, index, seed=0, hide=True, clock=Clock())
    assert len(evidence) == len(several)
    assert evidence.answers.sum(axis=1).max() <= max(len(query.relevant_ids) for query in several) - 1
    assert np.mean(~evidence.allowed[:, :100]) < 0.05
    again = gather(queries[::-1], index, seed=0, hide=True, clock=Clock())
    np.testing.assert_array_equal(again.answers[::-1], evidence.answers)
    other = gather(queries, index, seed=1, hide=True, clock=Clock())
    assert not np.array_equal(other.answers, evidence.answers)


def test_a_calibration_finds_the_intercept_and_slope_that_made_the_labels() -> None:
    found = learn(packaged_model(), synthetic(400, 0, shift=0.8, slope=0.7), 5, 0)
    fresh = synthetic(400, 1, shift=0.8, slope=0.7)
    wanted = 0.8 + 0.7 * packaged_model().logits(fresh.features)
    assert np.abs(found.model.logits(fresh.features) - wanted).mean() < 0.25


def test_what_other_queries_show_lies_within_what_was_promised() -> None:
    held = 0
    for seed in range(10):
        calibration = learn(packaged_model(), synthetic(150, seed, shift=1.0), 5, seed)
        fresh = synthetic(150, 100 + seed, shift=1.0)
        risk = probability(calibration.model.logits(fresh.features))
        for share in (0.02, 0.05, 0.1, 0.2):
            allowed = risk <= calibration.threshold(share)
            chosen = allowed & (np.cumsum(allowed, axis=1) <= 5)
            promised = calibration.promise(share).leak
            held += promised.low <= fresh.answers[chosen].mean() <= promised.high
    assert held >= 36


def test_the_estimates_match_what_is_observed(calibration: Calibration) -> None:
    assert calibration.queries == 145
    assert len(calibration.reliability) >= 5
    calibration = learn(packaged_model(), synthetic(400, 2, shift=0.8, slope=0.7), 5, 0)
    inside = [each.observed.low <= each.estimated <= each.observed.high for each in calibration.reliability]
    assert len(inside) >= 5
    assert np.mean(inside) >= 0.7


def test_higher_shares_allow_higher_estimates(calibration: Calibration) -> None:
    most = max(point.leak.rate for point in calibration.curve)
    caps = [calibration.threshold(part * most) for part in (0.4, 0.7, 1.0)]
    assert caps == sorted(caps)
    assert caps[0] < caps[-1] <= 1


def test_a_threshold_lies_between_the_caps_that_were_measured() -> None:
    points = [
        Point(cap, Rate(100, leak, 0, 1), 1.0) for cap, leak in ((0.01, 0.02), (0.04, 0.06), (0.5, 0.1))
    ]
    found = Calibration(packaged_model(), "by hand", 9, 9, 5, curve=tuple(points))
    assert found.threshold(0.04) == pytest.approx(0.02)
    assert found.threshold(0.06) == pytest.approx(0.04)
    assert found.threshold(0.3) == 0.5
    with pytest.raises(MinerError, match=r"no cap is known to keep wrong negatives to 1.0%.*seen is 2.0%"):
        found.threshold(0.01)


def test_a_cap_and_the_share_it_lets_through_are_two_sides_of_one_thing(calibration: Calibration) -> None:
    rates = [point.leak.rate for point in calibration.curve]
    for part in (0.3, 0.6, 0.9):
        share = min(rates) + part * (max(rates) - min(rates))
        assert calibration.share(calibration.threshold(share)) == pytest.approx(share, abs=0.002)


def test_a_recipe_takes_the_model_and_translates_its_caps(calibration: Calibration) -> None:
    recipe = Recipe(filters=(Margin(relative=0.1), Risk(max=0.1))).calibrated(calibration)
    assert recipe.risk is calibration.model
    assert recipe.filters == (Margin(relative=0.1), Risk(max=calibration.threshold(0.1)))


def test_with_a_calibration_the_default_is_a_cap(calibration: Calibration) -> None:
    assert Recipe().select == RiskPenalty()
    capped = Recipe().calibrated(calibration)
    assert capped.filters == (Risk(max=calibration.threshold(Risk().max)),)
    assert capped.select == Top()


def test_a_selection_that_was_asked_for_stays_under_a_calibration(calibration: Calibration) -> None:
    asked = Recipe(select=RiskPenalty(price=0.2))
    assert asked.calibrated(calibration) == replace(asked, risk=calibration.model)


def test_a_file_gives_back_what_was_written(calibration: Calibration, index: Index, tmp_path: Path) -> None:
    calibration.write(tmp_path / "calibration.json")
    assert read_calibration(tmp_path / "calibration.json", index) == calibration


def test_a_prior_moves_the_expected_number(queries: list[Query], index: Index) -> None:
    queries = queries[:60]
    evidence = gather(queries, index, seed=0, hide=False, clock=Clock())
    assert len(evidence) == 60
    for prior in (0.5, 3.0):
        moved = calibrate(queries, index, prior=prior)
        risk = probability(moved.model.logits(evidence.features))
        assert np.where(evidence.allowed, risk, 0).sum() / 60 == pytest.approx(prior, rel=1e-3)
        assert moved.threshold(0.1) == 0.1
    with pytest.raises(ConfigError, match="between 0 and 100"):
        calibrate(queries, index, prior=-1)


def test_too_few_queries_are_refused_with_the_number_that_would_do(
    queries: list[Query], index: Index, sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_jsonl(
        tmp_path / "few.jsonl", [{"query": q.text, "relevant_ids": q.relevant_ids} for q in queries[:20]]
    )
    outcome = call(
        capsys, "calibrate", tmp_path / "few.jsonl", "--index", index.path, "-o", tmp_path / "c.json"
    )
    assert outcome.code == 1
    assert "needs at least 40" in outcome.err
    assert "--prior" in outcome.err
    assert not (tmp_path / "c.json").exists()
    rare = synthetic(100, 0, shift=-6.0)
    with pytest.raises(MinerError, match=r"so about [\d,]+ such queries"):
        learn(packaged_model(), rare, 5, 0)


def test_a_risk_that_orders_nothing_is_refused() -> None:
    evidence = synthetic(300, 0, shift=-4.0, slope=-0.5)
    with pytest.raises(MinerError, match="does not tell hidden relevant passages"):
        learn(packaged_model(), evidence, 5, 0)


def test_another_index_is_refused(
    calibration: Calibration, index: Index, encoder: HashingEncoder, tmp_path: Path
) -> None:
    calibration.write(tmp_path / "c.json")
    smaller = build_index(index.passages(range(50)), tmp_path / "smaller", encoder)
    other = build_index(index.passages(range(len(index))), tmp_path / "other", HashingEncoder(64))
    with pytest.raises(IndexMismatch, match="another corpus"):
        read_calibration(tmp_path / "c.json", smaller)
    with pytest.raises(IndexMismatch, match="another encoder"):
        read_calibration(tmp_path / "c.json", other)


RATE = {"count": 9, "rate": 0.1, "low": 0.0, "high": 0.2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "is not a calibration"),
        ({"format": 1}, "of format 1; expected 2"),
        ({"model": 3}, "is not a risk model"),
        ({"encoder": None}, "'encoder' is null; expected an object"),
        ({"curve": 3}, "'curve' is a number; expected a list"),
        ({"curve": [{"leak": 0}]}, r"has no 'curve\[0\].cap'"),
        ({"curve": [{"cap": 0.1, "leak": 0}]}, r"'curve\[0\].leak' is a number; expected an object"),
        ({"curve": [{"cap": 0, "leak": RATE, "fill": 1}]}, "more than 0 and at most 1"),
        ({"reliability": [{"estimated": "a", "observed": RATE}]}, "is a string; expected a number"),
        ({"queries": True}, "'queries' is a boolean; expected a whole number"),
    ],
)
def test_what_is_no_calibration_is_refused(
    calibration: Calibration, index: Index, tmp_path: Path, change: dict[str, object] | None, said: str
) -> None:
    path = tmp_path / "c.json"
    calibration.write(path)
    path.write_text("[]" if change is None else json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InputError, match=said):
        read_calibration(path, index)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_calibration(tmp_path / "none.json", index)


def test_the_command_prints_tables_draws_a_plot_and_mining_takes_it(
    sample: Path, index: Index, calibration: Calibration, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, queries = tmp_path / "c.json", sample / "queries.jsonl"
    outcome = call(capsys, "calibrate", queries, "--index", index.path, "-o", output)
    assert outcome.code == 0
    assert "on 145 queries" in outcome.out
    assert [line.split()[0] for line in outcome.out.splitlines() if line.strip()[:3] in ("0.1", "0.2")]
    assert read_calibration(output, index) == calibration
    assert (tmp_path / "c.svg").read_text().count("<text") > 20
    mined = tmp_path / "mined.jsonl"
    share = max(point.leak.rate for point in calibration.curve) / 2
    options = ("--max-risk", share, "--calibration", output)
    outcome = call(capsys, "mine", queries, "--index", index.path, "-o", mined, *options)
    assert outcome.code == 0
    assert f"risk(max={calibration.threshold(share)!r})" in outcome.err


def test_the_bottom_line_holds_on_the_completely_judged_sample(
    queries: list[Query], index: Index, encoder: HashingEncoder, calibration: Calibration
) -> None:
    several = [query for query in queries if len(query.relevant_ids) > 1]
    shown = [Query(query.text, (), query.relevant_ids[:1]) for query in several]
    mined = mine(shown, index, Recipe(filters=(Risk(max=0.05),)).calibrated(calibration), encoder=encoder)
    wrong = [
        negative.id in query.relevant_ids
        for i, query in enumerate(several)
        for negative in mined[i].negatives
    ]
    promised = calibration.promise(0.05).leak
    assert promised.low <= np.mean(wrong) <= promised.high


def test_intervals_widen_where_hits_come_in_clusters() -> None:
    spread, clustered = np.tile([1.0, 0, 0, 0], 50), np.repeat([4.0, 0, 0, 0], 50)
    even, lumpy = rate(spread, np.full(200, 5.0)), rate(clustered, np.full(200, 5.0))
    assert (even.rate, lumpy.rate) == (0.05, 0.2)
    assert even.high - even.low < 0.03
    assert lumpy.high - lumpy.low > 0.09
    assert rate(np.zeros(10), np.zeros(10)) == Rate(0, 0.0, 0.0, 1.0)
    assert rate(np.zeros(10), np.full(10, 5.0)).high == pytest.approx(0.0713, abs=1e-3)
    further = rate(spread, np.full(200, 5.0), further=True)
    assert further.low < even.low < even.high < further.high
    assert Bin(0.1, even).observed.count == 1000
