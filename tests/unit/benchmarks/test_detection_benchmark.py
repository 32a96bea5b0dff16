"""The benchmark of detection: what its measures say of known orders, and what contenders are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.lib.detectors import DETECTORS, Judge, Views, loaded
from benchmarks.lib.hidden import Trial, hide
from benchmarks.lib.ranking import by_query
from benchmarks.lib.views import seen_with
from benchmarks.lib.words import word_features
from benchmarks.quality.detection import Arena
from benchmarks.quality.more_evidence import WAYS, Seen, scored
from miner.risk import NAMES, packaged_model
from tests.unit.benchmarks.test_quality_benchmark import judged


@pytest.fixture(scope="module")
def views() -> Views:
    trial = hide(judged(), seed=0)
    return Views([trial, seen_with(trial, judged())], packaged_model())


@pytest.fixture(scope="module")
def trial(views: Views) -> Trial:
    return views.trials[0]


def test_measures_of_an_order_known_by_hand() -> None:
    scores = np.array([[5.0, 4, 3, 2, 1]])
    relevant = np.array([[True, False, True, False, False]])
    found = by_query(scores, relevant, np.ones_like(relevant))
    assert found["auc"][0] == pytest.approx(5 / 6)
    assert found["ap"][0] == pytest.approx((1 + 2 / 3) / 2)
    assert found["map@10"][0] == found["ap"][0]
    assert found["p@l"][0] == 0.5


def test_a_query_without_both_kinds_says_nothing() -> None:
    relevant = np.array([[True, True], [False, False], [True, False]])
    among = np.array([[True, True], [True, True], [True, False]])
    found = by_query(np.zeros((3, 2)), relevant, among)
    assert np.isnan(found["auc"]).all()


def test_equal_scores_are_worth_half() -> None:
    relevant = np.array([[True, False, False, False]])
    assert by_query(np.zeros((1, 4)), relevant, np.ones_like(relevant))["auc"][0] == 0.5


def test_the_truth_is_perfect_and_its_opposite_hopeless(trial: Trial) -> None:
    ground = Arena.of(trial, complete=True)
    perfect = ground.measured(trial.hidden.astype(np.float64))
    assert perfect["pool auc"][0] == perfect["pool ap"][0] == perfect["pool p@l"][0] == 1
    assert ground.measured(-trial.hidden.astype(np.float64))["pool auc"][0] == 0


def test_at_equal_hardness_the_truth_takes_fewer_false_ones_than_the_cosine(trial: Trial) -> None:
    ground, cosine = Arena.of(trial, complete=True), trial.pool.scores.astype(np.float64)
    informed = ground.measured(cosine + trial.hidden)
    assert informed["false share"][0] < ground.measured(cosine)["false share"][0]


def test_only_what_was_judged_counts_where_the_rest_is_unknown(trial: Trial) -> None:
    assert Arena.of(trial, complete=False).measured(np.zeros(trial.pool.rows.shape)) == {}


def test_every_contender_scores_every_candidate_and_similarity_beats_chance(views: Views) -> None:
    trial = views.trials[0]
    for name, detector in DETECTORS.items():
        scores = detector(views)
        assert scores.shape == trial.pool.rows.shape, name
        assert np.isfinite(scores[trial.open]).all(), name
        found = np.nanmean(by_query(np.asarray(scores), trial.hidden, trial.open)["auc"])
        assert name == "Oracle's rule" or found > 0.8, name


def test_the_same_encoder_twice_sees_the_same(views: Views) -> None:
    first, second = views.trials
    np.testing.assert_array_equal(first.pool.scores, second.pool.scores)
    np.testing.assert_array_equal(first.pool.to_relevant, second.pool.to_relevant)


def test_a_contender_is_a_function_in_a_file(views: Views, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def midway(views):\n    return views.trials[0].pool.scores / 2\n")
    np.testing.assert_array_equal(loaded(f"{path}:midway")(views), views.trials[0].pool.scores / 2)


def test_a_judge_is_a_command_that_answers_each_line(views: Views, tmp_path: Path) -> None:
    path = tmp_path / "judge.py"
    path.write_text(
        "import json, sys\nfor line in sys.stdin:\n    print(int(json.loads(line)['candidate'].split()[1]))\n"
    )
    trial = views.trials[0]
    found = Judge(f"python {path}")(views)
    np.testing.assert_array_equal(found[trial.open], trial.pool.rows[trial.open])


def test_a_judge_that_answers_too_little_is_refused(views: Views, tmp_path: Path) -> None:
    path = tmp_path / "judge.py"
    path.write_text("print(1)\n")
    with pytest.raises(SystemExit, match="wrote 1 numbers"):
        Judge(f"python {path}")(views)


def test_rare_words_in_common_stand_out(trial: Trial) -> None:
    found = word_features(trial)
    assert found.shape == (*trial.pool.rows.shape, 2)
    passages = {row: set(trial.judged.passages[row].lower().split()) for row in np.unique(trial.pool.rows)}
    beyond = [
        set(trial.judged.passages[shown].lower().split()) - set(trial.judged.queries[query].lower().split())
        for query, shown in zip(trial.queries, trial.revealed, strict=True)
    ]
    for i, line in enumerate(trial.pool.rows):
        nothing = [not passages[row] & beyond[i] for row in line]
        assert np.all(found[i, nothing, 1] <= found[i, :, 1].min() + 1e-9)


def test_evidence_that_tells_more_orders_better(trial: Trial) -> None:
    rng = np.random.default_rng(0)
    dull = rng.normal(size=(*trial.pool.rows.shape, len(NAMES)))
    told = dull + 2 * trial.hidden[..., None]
    sets = [Seen(name, trial, True, [dull, told], dull[..., :2]) for name in ("one", "other")]
    found = {name: scored(sets[0], way, sets[1:]) for name, way in WAYS["encoders"].items()}
    aucs = {name: np.nanmean(by_query(each, trial.hidden, trial.open)["auc"]) for name, each in found.items()}
    assert aucs["the second alone, by its own"] > aucs["mean of features"] > aucs["the first alone"]
