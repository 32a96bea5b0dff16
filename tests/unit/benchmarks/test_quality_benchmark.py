"""The benchmark of leak and hardness: what it hides, what it counts, what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.lib.contenders import hardest, margin, naive, nemo, sentence_transformers
from benchmarks.lib.hidden import Judged, Trial, hide, read_judged
from benchmarks.lib.measures import auc, bootstrap, tally
from benchmarks.quality.fit_risk import fit
from benchmarks.quality.quality import Field
from benchmarks.tables.tables import filled, markdown
from miner.data import PADDING, Half
from miner.encoders.hashing import HashingEncoder
from miner.risk import probability
from miner.storage.files import write_jsonl


def judged(seed: int = 0) -> Judged:
    """Twenty topics of six passages near each other; the even topics have two queries each."""
    rng = np.random.default_rng(seed)
    topics = rng.normal(size=(20, 24))

    def unit(vectors: np.ndarray) -> Half:
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float16)

    vectors = unit(np.repeat(topics, 6, axis=0) + 0.8 * rng.normal(size=(120, 24)))
    asked = np.repeat(np.arange(0, 20, 2), 2)
    return Judged(
        "topics",
        [f"query {i}" for i in range(len(asked))],
        [f"passage {i}" for i in range(120)],
        unit(topics[asked] + 0.8 * rng.normal(size=(len(asked), 24))),
        vectors,
        [list(range(6 * topic, 6 * topic + 6)) for topic in asked],
        [[] for _ in asked],
    )


@pytest.fixture(scope="module")
def trial() -> Trial:
    return hide(judged(), seed=0)


def test_the_revealed_passage_is_never_open_and_the_others_of_its_topic_are_hidden(trial: Trial) -> None:
    shown = trial.pool.rows == trial.revealed[:, None]
    assert not np.any(trial.open & shown)
    assert np.all(trial.hidden.sum(axis=1) == 5)
    topic = trial.revealed[:, None] // 6
    np.testing.assert_array_equal(trial.hidden, (trial.pool.rows // 6 == topic) & ~shown)


def test_sentence_transformers_own_code_agrees_with_the_margin_that_it_documents(trial: Trial) -> None:
    theirs, _ = sentence_transformers(trial)
    np.testing.assert_array_equal(theirs, margin(trial, 0.05)[0])
    np.testing.assert_array_equal(theirs, nemo(trial)[0])


def test_leak_counts_hidden_passages_among_the_mined(trial: Trial) -> None:
    perfect = tally(trial, *hardest(trial, ~trial.hidden))
    assert perfect["leak"].value == 0
    assert perfect["filled"].value == 1
    worst = tally(trial, *hardest(trial, trial.hidden))
    assert worst["leak"].value == 1
    nothing = tally(trial, np.full((len(trial.queries), 5), PADDING))
    assert nothing["filled"].value == 0
    assert np.isnan(nothing["leak"].value)


def test_ranks_and_cosines_are_those_in_the_whole_corpus(trial: Trial) -> None:
    far = np.array(
        [np.setdiff1d(np.arange(120), line)[:5] for line in np.c_[trial.pool.rows, trial.revealed]]
    )
    found = tally(trial, far)
    scores = trial.pool.queries.astype(np.float64) @ trial.judged.vectors.astype(np.float64).T
    ranks = np.argsort(np.argsort(-scores, axis=1), axis=1) + 1
    assert found["rank"].value == np.mean(np.take_along_axis(ranks, far, axis=1))
    assert found["cosine"].value == pytest.approx(np.mean(np.take_along_axis(scores, far, axis=1)), abs=1e-6)
    assert tally(trial, *naive(trial))["rank"].value < 8


def test_caps_and_prices_are_set_to_be_as_hard_as_the_bar(trial: Trial) -> None:
    risk = np.where(trial.hidden, 0.9, 0.1) - 0.001 * trial.pool.rows / 120
    one = [risk.astype(np.float32)]
    field = Field([trial], one, one, bootstrap(trial.queries))
    bar = tally(trial, *margin(trial, 0.3))
    cap, price = field.compared(one, bar), field.priced_as_hard(bar)
    assert cap["cosine"][0] == pytest.approx(bar["cosine"].value, abs=0.02)
    assert price["cosine"][0] == pytest.approx(bar["cosine"].value, abs=0.02)
    assert cap["leak"][0] == price["leak"][0] == 0
    assert cap["leak_over_bar"][0] == 0


def test_auc_is_the_share_of_pairs_in_order_and_lies_in_its_interval() -> None:
    rng = np.random.default_rng(0)
    relevant = rng.random((200, 30)) < 0.2
    scores = (rng.normal(size=(200, 30)) + relevant).astype(np.float32)
    value, low, high = auc(scores, relevant, np.ones_like(relevant), bootstrap(np.arange(200)))
    pairs = scores[relevant][:, None] > scores[~relevant][None]
    assert value == pytest.approx(np.mean(pairs), abs=1e-5)
    assert low < value < high < low + 0.06


def test_draws_of_one_query_stay_together() -> None:
    draws = bootstrap(np.array([3, 5, 3, 9]))
    np.testing.assert_array_equal(draws[:, 0], draws[:, 2])
    assert np.all(draws[:, [0, 1, 3]].sum(axis=1) == 3)


def test_the_fit_finds_the_coefficients_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    values = [rng.normal(1, 3, (40_000, 2)) for _ in range(2)]
    labels = [
        (rng.random(len(x)) < probability(x @ [0.7, -0.4] + shift)).astype(float)
        for x, shift in zip(values, (-2.0, 1.0), strict=True)
    ]
    intercept, coefficients = fit(values, labels)
    np.testing.assert_allclose(coefficients, [0.7, -0.4], atol=0.04)
    assert intercept == pytest.approx(-0.5, abs=0.08)


def test_a_set_is_read_with_equal_passages_as_one_and_encoded_once(tmp_path: Path) -> None:
    home = tmp_path / "small"
    texts = ["red fox", "blue whale", "red fox", "green frog"]
    write_jsonl(home / "corpus.jsonl", ({"_id": f"d{i}", "text": text} for i, text in enumerate(texts)))
    write_jsonl(home / "queries.jsonl", [{"_id": "q", "text": "fox"}])
    (home / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\td2\t1\nq\td3\t1\nq\td1\t0\n")
    found = read_judged(tmp_path, "small", tmp_path / "vectors", HashingEncoder)
    assert found.passages == ["red fox", "blue whale", "green frog"]
    assert found.relevant == [[0, 2]]
    again = read_judged(tmp_path, "small", tmp_path / "vectors", pytest.fail)
    np.testing.assert_array_equal(again.vectors, found.vectors)


def test_tables_take_the_place_between_their_markers_and_nothing_else(tmp_path: Path) -> None:
    auc = {"prototype": [0.8, 0.75, 0.85], "risk": [0.9, 0.85, 0.95]}
    (tmp_path / "quality.json").write_text(json.dumps({"sets": {"topics": {"auc": auc}}}))
    once = filled("a\n<!-- quality-auc -->\nold\n<!-- /quality-auc -->\nz\n", tmp_path)
    assert once.startswith("a\n<!-- quality-auc -->\n| set |")
    assert "| topics | 0.800 (0.750–0.850) | 0.900 (0.850–0.950) |" in once
    assert once.endswith("<!-- /quality-auc -->\nz\n")
    assert filled(once, tmp_path) == once
    unmeasured = "<!-- whole -->\n<!-- /whole -->\n"
    assert filled(unmeasured, tmp_path) == unmeasured
    with pytest.raises(ValueError, match="not closed"):
        filled("<!-- quality-auc -->", tmp_path)
    assert markdown(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"
