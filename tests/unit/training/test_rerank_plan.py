from __future__ import annotations

from collections.abc import Sequence

import pytest

from miner.data import Row
from miner.errors import ConfigError, ModelError
from miner.models.load import Kind
from miner.training.plan import TrainPlan, TrainSettings, make_plan, share_of_shared


def rows(count: int, relevant: int = 1, sharing: int = 1, words: int = 10) -> list[Row]:
    """`sharing` rows in turn have the same relevant passages."""
    return [
        Row(
            f"query {i}",
            tuple(f"passage {i // sharing} {j}" for j in range(relevant)),
            (" ".join(["word"] * words),),
        )
        for i in range(count)
    ]


def words_of(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def plan(data: list[Row], kind: Kind = Kind.ENCODER, limit: int = 512, **asked: object) -> TrainPlan:
    return make_plan(data, TrainSettings(**asked), kind, words_of, limit)  # type: ignore[arg-type]


def test_rows_with_a_relevant_passage_of_their_own_train_with_in_batch_negatives() -> None:
    made = plan(rows(400))
    assert (made.loss, made.learning_rate, made.batch_size, made.epochs) == ("in-batch", 5e-5, 16, 2)
    assert any("0% of rows share" in note for note in made.notes)


def test_rows_that_share_relevant_passages_train_on_their_own_negatives() -> None:
    made = plan(rows(400, sharing=2))
    assert (made.loss, made.learning_rate, made.batch_size) == ("own", 3e-5, 8)
    assert any("100% of rows share" in note for note in made.notes)


def test_rows_with_several_relevant_passages_train_on_their_own_negatives() -> None:
    assert plan(rows(400, relevant=2)).loss == "own"


def test_what_is_asked_for_wins_over_the_data() -> None:
    made = plan(rows(400, sharing=2), loss="in-batch", epochs=7, learning_rate=1e-4, batch_size=3)
    assert (made.loss, made.epochs, made.learning_rate, made.batch_size) == ("in-batch", 7, 1e-4, 3)


def test_few_rows_are_gone_over_three_times() -> None:
    assert plan(rows(299)).epochs == 3


def test_an_encoder_trained_as_cross_encoder_is_combined_and_warned_about() -> None:
    made = plan(rows(699), arch="cross")
    assert (made.arch, made.loss, made.batch_size, made.epochs) == ("combined", "listwise", 8, 3)
    assert "learns too little from 699 rows" in made.notes[0]
    assert not any("too little" in note for note in plan(rows(700), arch="cross").notes)


def test_a_cross_encoder_is_trained_as_what_it_is() -> None:
    assert plan(rows(20), Kind.CROSS_ENCODER).arch == "cross"


def test_a_cross_encoder_cannot_be_trained_as_an_encoder() -> None:
    with pytest.raises(ModelError, match="is a cross-encoder"):
        plan(rows(20), Kind.CROSS_ENCODER, arch="bi")


@pytest.mark.parametrize(("words", "expected"), [(10, 64), (100, 112), (126, 128), (2_000, 256)])
def test_the_length_holds_nearly_all_texts(words: int, expected: int) -> None:
    assert plan(rows(100, words=words)).max_length == expected


def test_a_few_long_texts_do_not_stretch_the_length_and_are_counted() -> None:
    data = [*rows(99, words=80), *rows(1, words=200)]
    made = plan(data)
    assert made.max_length == 96
    assert any("cuts 0.3% of texts" in note for note in made.notes)


def test_the_length_of_a_cross_encoder_is_that_of_pairs() -> None:
    assert plan(rows(100, words=100), arch="cross").max_length == 112
    assert plan(rows(100, words=107), arch="cross").max_length == 112
    assert plan(rows(100, words=108), arch="cross").max_length == 128


def test_the_length_stays_within_what_the_model_takes() -> None:
    assert plan(rows(100, words=300), limit=96).max_length == 96
    with pytest.raises(ConfigError, match="at most 96 tokens"):
        plan(rows(100), limit=96, max_length=128)


def test_sharing_is_told_by_text_without_case_and_punctuation() -> None:
    data = [Row("a", ("One.",)), Row("b", ("one",)), Row("c", ("two",)), Row("d", ("three",))]
    assert share_of_shared(data) == 0.5


@pytest.mark.parametrize(
    "wrong",
    [{"arch": "tri"}, {"loss": "none"}, {"epochs": 0}, {"learning_rate": -1.0}, {"batch_size": 0}],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        TrainSettings(**wrong)  # type: ignore[arg-type]


def test_a_loss_cannot_be_chosen_for_a_cross_encoder() -> None:
    with pytest.raises(ConfigError, match="trains listwise"):
        plan(rows(20), arch="cross", loss="own")
