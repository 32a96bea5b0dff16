"""Rates, intervals, draws and caps against populations whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from miner.auditing.assisted import FEWEST, AssistedStratum, assisted
from miner.auditing.cap import Verdicts, reaching, under
from miner.auditing.estimate import AuditRate, Count, stratified
from miner.auditing.population import Population
from miner.auditing.sample import draw, stratify
from miner.data import Float64


def population(scores: Float64, seed: int = 0, scale: str | None = "risk") -> Population:
    size = len(scores)
    keys = np.random.default_rng(seed).integers(0, 2**63, size).astype(np.uint64)
    return Population(Path("x.jsonl"), scale, scores, keys, np.arange(size), np.zeros(size, np.int64), 0)


def test_wilson_interval_of_a_large_stratum_equals_the_published_one() -> None:
    found = Count(10**9, 10, 1).rate()
    assert (found.rate, round(found.low, 3), round(found.high, 3)) == (0.1, 0.018, 0.404)


def test_a_stratum_judged_to_the_end_is_known_exactly() -> None:
    assert Count(8, 8, 2).rate() == AuditRate(0.25, 0.25, 0.25)


def test_an_interval_holds_only_counts_that_are_possible() -> None:
    """With one of ten left, at most that one can be false."""
    found = Count(10, 9, 0).rate()
    assert (found.low, found.high) == (0.0, 0.1)


def test_the_total_weighs_strata_by_their_size_not_by_their_draws() -> None:
    found = stratified([Count(9000, 50, 0), Count(1000, 50, 25)])
    assert found.rate == pytest.approx(0.05)
    assert found.low < 0.05 < found.high


def test_without_any_false_negative_the_interval_still_has_a_width() -> None:
    found = stratified([Count(5000, 60, 0), Count(5000, 40, 0)])
    assert (found.rate, found.low) == (0.0, 0.0)
    assert 0.03 < found.high < 0.07


def test_a_stratum_nobody_judged_may_have_any_rate() -> None:
    found = stratified([Count(900, 900, 90), Count(100, 0, 0)])
    assert found.rate == pytest.approx(0.1)
    assert found.low == pytest.approx(0.09)
    assert found.high == pytest.approx(0.19)
    assert stratified([Count(5, 0, 0)]) == AuditRate(None, 0.0, 1.0)


@pytest.mark.parametrize("judged", [50, 200])
@pytest.mark.parametrize("factor", [1.0, 0.3])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(judged: int, factor: float) -> None:
    random = np.random.default_rng(0)
    risks = np.minimum(random.beta(0.5, 6, 4000), 0.5)
    false = random.random(4000) < risks * factor
    truth, hits, errors = float(false.mean()), 0, []
    for seed in range(200):
        drawn = population(risks, seed)
        strata = stratify(drawn)
        draws = draw(strata, judged)
        counts = [
            Count(
                len(stratum.members),
                sum(d == h for d, _ in draws),
                sum(bool(false[m]) for d, m in draws if d == h),
            )
            for h, stratum in enumerate(strata)
        ]
        found = stratified(counts)
        hits += found.low <= truth <= found.high
        errors.append((found.rate or 0.0) - truth)
    assert 0.88 <= hits / 200 <= 0.99
    assert abs(np.mean(errors)) < 3 * np.std(errors) / 200**0.5


def test_strata_cover_every_negative_once_and_draws_are_denser_near_the_cap() -> None:
    drawn = population(np.linspace(0, 0.2, 2000))
    strata = stratify(drawn)
    assert sorted(np.concatenate([s.members for s in strata]).tolist()) == list(range(2000))
    draws = draw(strata, 100)
    shares = [sum(d == h for d, _ in draws) / len(s.members) for h, s in enumerate(strata)]
    assert shares == sorted(shares)
    assert shares[-1] > 2 * shares[0]


def test_equal_scores_stay_in_one_stratum() -> None:
    assert [len(s.members) for s in stratify(population(np.zeros(50), scale=None))] == [50]
    halves = stratify(population(np.repeat([0.1, 0.2], 40)))
    assert [(s.low, s.high, len(s.members)) for s in halves] == [(0.1, 0.1, 40), (0.2, 0.2, 40)]


def test_a_larger_sample_begins_with_the_smaller_and_has_no_repeats() -> None:
    strata = stratify(population(np.linspace(0, 0.2, 300)))
    whole = draw(strata, 0)
    assert draw(strata, 40) == whole[:40]
    assert draw(strata, 10**6) == whole
    assert sorted(member for _, member in whole) == list(range(300))


def test_the_cap_for_a_wanted_rate_is_exact_when_all_is_judged() -> None:
    scores = np.arange(1, 101) / 1000
    false = scores > 0.0895
    strata = stratify(population(scores))
    draws = draw(strata, 0)
    verdicts = Verdicts(
        np.array([h for h, _ in draws]),
        scores[[m for _, m in draws]],
        false[[m for _, m in draws]],
    )
    likely, sure = reaching(0.05, strata, verdicts)
    assert likely is not None
    assert likely == sure
    assert (likely.cap, likely.kept) == (0.093, 0.93)
    assert likely.rate.rate == pytest.approx(4 / 93)
    assert under(0.05, strata, verdicts).rate == AuditRate(0.0, 0.0, 0.0)


def test_a_sure_cap_is_never_above_the_likely_one_and_missing_where_judgments_are_few() -> None:
    scores = np.linspace(0, 0.2, 1000)
    strata = stratify(population(scores))
    draws = draw(strata, 20)
    members = [m for _, m in draws]
    verdicts = Verdicts(np.array([h for h, _ in draws]), scores[members], scores[members] > 0.15)
    likely, sure = reaching(0.02, strata, verdicts)
    assert likely is not None
    assert likely.cap < 0.16
    assert sure is None


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.9, 0.95), (0.6, 0.9), (0.5, 0.5)])
def test_a_judge_narrows_the_interval_as_far_as_it_agrees_and_never_moves_the_truth_out(
    sensitivity: float, specificity: float
) -> None:
    """Cochran 1977, section 12.7: a variance of 1 - φ² (1 - m / n) of that of people alone."""
    random = np.random.default_rng(1)
    size, drawn, asked, draws = 20_000, 2000, 100, 300
    people = random.random(size) < 0.1
    judge = np.where(people, random.random(size) < sensitivity, random.random(size) >= specificity)
    agreement = np.corrcoef(people, judge)[0, 1]
    held, widths = 0, []
    for _ in range(draws):
        sample = random.choice(size, drawn, replace=False)
        found = assisted([AssistedStratum(size, judge[sample], people[sample[:asked]])])
        held += found.rate.low <= people.mean() <= found.rate.high
        widths.append((found.rate.high - found.rate.low) / (found.people.high - found.people.low))
    assert held / draws >= 0.92
    theory = (1 - agreement**2 * (1 - asked / drawn)) ** 0.5
    assert np.mean(widths) == pytest.approx(theory, abs=0.03)


def test_too_few_answers_by_people_stand_alone() -> None:
    few = AssistedStratum(1000, np.ones(500, np.bool_), np.ones(FEWEST - 1, np.bool_))
    found = assisted([few])
    assert not found.helps
    assert found.rate == found.people
