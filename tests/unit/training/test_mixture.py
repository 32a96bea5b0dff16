from __future__ import annotations

from miner.data import Row
from miner.training.mixture import mix

ROWS = [Row(f"q{i}", (f"a{i}",), tuple(f"n{i}.{j}" for j in range(5))) for i in range(12)]


def test_a_row_keeps_some_of_its_negatives_and_gets_answers_of_other_rows() -> None:
    mixed = mix(ROWS, 3, 2, seed=0)
    for i, (before, after) in enumerate(zip(ROWS, mixed, strict=True)):
        assert after.hard_negatives[:3] == (f"n{i}.0", f"n{i}.2", f"n{i}.4")
        drawn = after.hard_negatives[3:]
        assert len(set(drawn)) == 2
        assert set(drawn) <= {f"a{j}" for j in range(12) if j != i}
        assert (after.query, after.relevant_passages) == (before.query, before.relevant_passages)


def test_the_seed_decides() -> None:
    assert mix(ROWS, 3, 2, seed=1) == mix(ROWS, 3, 2, seed=1) != mix(ROWS, 3, 2, seed=2)


def test_rows_that_share_an_answer_give_each_other_nothing() -> None:
    rows = [Row(f"q{i}", ("shared", f"a{i}")) for i in range(6)]
    assert all(not row.hard_negatives for row in mix(rows, 3, 2, seed=0))
    stranger = Row("other", ("elsewhere",))
    assert all(row.hard_negatives == ("elsewhere",) for row in mix([*rows, stranger], 3, 2, seed=0)[:6])


def test_what_stands_in_the_row_already_is_not_drawn() -> None:
    rows = [Row("q0", ("a0",), ("A1 ",)), Row("q1", ("a1",))]
    assert mix(rows, 3, 2, seed=0)[0].hard_negatives == ("A1 ",)
