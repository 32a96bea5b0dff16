from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import miner
from miner.comparing.result import RowsComparison
from miner.data import Row
from miner.errors import ConfigError, InputError
from miner.storage.files import write_jsonl
from tests.support.commandline import call
from tests.support.tiny_models import write

QUERIES = [f"how does part {name} work" for name in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")]


def row(i: int, *negatives: str, relevant: Sequence[str] = ()) -> Row:
    return Row(QUERIES[i], (f"Part {QUERIES[i].split()[3]} turns the wheel.", *relevant), negatives)


def files(folder: Path, a: list[Row], b: list[Row]) -> tuple[Path, Path]:
    return write(folder / "a.jsonl", a), write(folder / "b.jsonl", b)


def compared(folder: Path, a: list[Row], b: list[Row], **asked: Any) -> RowsComparison:
    return miner.compare(*files(folder, a, b), **{"model": "hashing", **asked})


def means(found: RowsComparison, key: str) -> tuple[float, float]:
    (figure,) = (figure for figure in found.figures if figure.key == key)
    return figure.a, figure.b


def test_rows_are_matched_by_what_a_reader_sees_of_their_query(tmp_path: Path) -> None:
    other = Row("How does part ALPHA work?", ("Part alpha turns the wheel.",), ("Stop the mill.", "Ring."))
    found = compared(tmp_path, [row(0, "Stop the mill", "Go."), row(1, "Halt.")], [other, row(2, "Rest.")])
    assert (found.queries.both, found.queries.only_a, found.queries.only_b) == (1, 1, 1)
    assert (found.relevant.both, found.relevant.only_a, found.relevant.only_b) == (1, 0, 0)
    assert (found.negatives.both, found.negatives.only_a, found.negatives.only_b) == (1, 1, 1)


def test_several_rows_of_a_query_are_one(tmp_path: Path) -> None:
    found = compared(tmp_path, [row(0, "Stop."), row(0, "Go.", "Stop")], [row(0, "Go.")])
    assert found.a.rows == 2
    assert means(found, "negatives_per_query") == (2, 1)


def test_the_mean_risk_of_receipts_is_the_estimate(tmp_path: Path) -> None:
    a, b = files(tmp_path, [row(0, "Stop.", "Go.")], [row(0, "Rest.")])
    for path, risks in ((a, (0.1, 0.3)), (b, (0.05,))):
        receipt = {
            "query": QUERIES[0],
            "relevant": [{"id": None}],
            "negatives": [{"id": "d", "risk": risk, "similarity": 0.5, "share": 1.5} for risk in risks],
        }
        write_jsonl(path.with_suffix(".receipts.jsonl"), [receipt])
    found = miner.compare(a, b, model="receipts")
    assert means(found, "estimated_by_receipts") == pytest.approx((0.2, 0.05))
    assert means(found, "cosine_to_query") == (0.5, 0.5)
    assert means(found, "nearer_than_relevant") == (1, 1)
    assert "distance_among" not in found.record()["figures"]


def test_receipts_of_other_rows_are_refused(tmp_path: Path) -> None:
    a, b = files(tmp_path, [row(0, "Stop.")], [row(0, "Go.")])
    write_jsonl(a.with_suffix(".receipts.jsonl"), [{"query": "other", "relevant": [], "negatives": []}])
    with pytest.raises(InputError, match="is not the receipt of the row in its place"):
        miner.compare(a, b, model="receipts")


def test_what_was_judged_is_counted_wherever_it_lies(tmp_path: Path) -> None:
    a, b = files(tmp_path, [row(0, "Stop.", "Go.", "Wait.")], [row(0, "Rest.", "Go.")])
    said = [("Stop.", "answers"), ("Go.", "no"), ("Wait.", "unsure")]
    lines = [{"query": QUERIES[0], "passage": text, "verdict": verdict} for text, verdict in said]
    write_jsonl(a.with_suffix(".judgments.jsonl"), lines)
    extra = tmp_path / "more.jsonl"
    write_jsonl(extra, [{"query": QUERIES[0].upper(), "passage": "rest", "verdict": "answers"}])
    found = miner.compare(a, b, model="hashing", judgments=extra).judged
    assert found is not None
    assert [(side.false, side.judged) for side in found] == [(1, 2), (1, 2)]
    assert miner.compare(a, b, model="hashing").record()["judged"]["b"]["judged"] == 1


def test_without_judgments_nothing_is_said_of_them(tmp_path: Path) -> None:
    found = compared(tmp_path, [row(0, "Stop.")], [row(0, "Go.")])
    assert found.judged is None
    assert "judged to answer" not in dict((line[0], line) for line in found.table())


def test_a_negative_that_either_file_names_as_relevant_is_the_same_as_a_relevant_passage(
    tmp_path: Path,
) -> None:
    a = [row(0, "Alpha is driven by a belt.", "Go.")]
    b = [row(0, "Rest.", relevant=["Alpha is driven by a belt!"])]
    assert means(compared(tmp_path, a, b), "same_as_relevant") == (0.5, 0)


def test_relevant_passages_of_other_queries_are_counted_and_own_ones_are_not(tmp_path: Path) -> None:
    a = [row(0, row(1).relevant_passages[0], "Go."), row(1, "Stop.")]
    b = [row(0, row(0).relevant_passages[0]), row(1, "Stop.")]
    assert means(compared(tmp_path, a, b), "relevant_elsewhere") == (0.25, 0)


def test_hardness_and_diversity_are_cosines_of_the_encoder(tmp_path: Path) -> None:
    encoder = miner.HashingEncoder()
    texts = ("Part alpha works.", "Somewhere a river flows.")
    found = compared(tmp_path, [row(0, *texts)], [row(0, texts[0])])
    query = encoder.encode_queries([QUERIES[0]])[0]
    negatives = encoder.encode_passages(texts)
    best = encoder.encode_passages(row(0).relevant_passages)[0] @ query
    cosines = negatives @ query
    assert means(found, "cosine_to_query") == pytest.approx((cosines.mean(), cosines[0]), abs=1e-6)
    assert means(found, "nearer_than_relevant") == ((cosines > best).mean(), cosines[0] > best)
    assert "distance_among" not in found.record()["figures"]
    both = compared(tmp_path, [row(0, *texts)], [row(0, "Stop the mill.", "Stop the mill now.")])
    assert means(both, "distance_among")[0] == pytest.approx(1 - negatives[0] @ negatives[1], abs=1e-6)
    assert means(both, "distance_among")[1] < means(both, "distance_among")[0]


def test_a_file_differs_in_nothing_from_itself(tmp_path: Path) -> None:
    rows = [row(i, f"Note {i}.", f"Remark {i} of the day.") for i in range(6)]
    for figure in compared(tmp_path, rows, rows).figures:
        assert figure.change is not None
        assert (figure.change.mean, figure.change.low, figure.change.high) == (0, 0, 0)


def test_a_difference_has_an_interval_from_five_independent_groups_on(tmp_path: Path) -> None:
    many = [row(i, "Go.") for i in range(6)], [row(i, "Go.", "Stop.") for i in range(6)]
    (figure,) = (f for f in compared(tmp_path, *many).figures if f.key == "negatives_per_query")
    assert figure.change is not None
    assert (figure.change.mean, figure.change.verdict) == (1, "gain")
    few = [rows[:4] for rows in many]
    (figure,) = (f for f in compared(tmp_path, *few).figures if f.key == "negatives_per_query")
    assert figure.change is None


def test_over_an_index_both_files_are_estimated_alike(tmp_path: Path) -> None:
    parts = [f"Part {name} turns the {what}." for name in "abcdef" for what in ("wheel", "lever", "shaft")]
    far = [f"The {what} number {i} sells bread and cake." for i in range(20) for what in ("shop", "mill")]
    index = miner.build_index([*parts, *far], tmp_path / "index", "hashing")
    query = "which part turns the wheel"
    a = [Row(query, (parts[0],), (parts[3], "not in the index"))]
    b = [Row(query, (parts[0],), (far[0],))]
    found = compared(tmp_path, a, b, index=index, model=None)
    near, away = means(found, "estimated_by_index")
    assert 0 < away < near < 1
    known = compared(tmp_path, a, [Row(query, (parts[0], parts[3]), (far[0],))], index=index, model=None)
    assert means(known, "estimated_by_index")[0] == 1


def test_a_sample_of_the_queries_is_encoded(tmp_path: Path) -> None:
    rows = [row(i, f"Note {i}.") for i in range(6)]
    found = compared(tmp_path, rows, rows, sample=2)
    assert found.measured == 2
    queries = {figure.key: figure.queries for figure in found.figures}
    assert queries["cosine_to_query"] == 2
    assert queries["negatives_per_query"] == 6


def test_files_of_different_queries_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="have no query in common"):
        compared(tmp_path, [row(0, "Go.")], [row(1, "Go.")])


def test_what_is_no_path_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the second file is of type list; expected a path"):
        miner.compare(tmp_path / "a.jsonl", [row(0, "Go.")])  # type: ignore[arg-type]


def test_a_calibration_needs_its_index(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="belongs to an index"):
        compared(tmp_path, [row(0, "Go.")], [row(0, "Go.")], calibration="c.json")


def test_the_command_reads_any_shape_and_prints_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = write(tmp_path / "a.jsonl", [row(i, "Go.", "Stop.") for i in range(6)])
    b = tmp_path / "b.csv"
    lines = [f"{QUERIES[i]},{row(i).relevant_passages[0]},Wait." for i in range(6)]
    b.write_text("\n".join(["Frage,positive,negative", *lines]))
    asked = ("compare", a, b, "--columns", "query=Frage,relevant_passages=positive,hard_negatives=negative")
    found = call(capsys, *asked, "--model", "hashing")
    assert found.code == 0, found.err
    lines = found.out.splitlines()
    assert lines[0].split("  ")[-1] == "B - A (95 % interval)"
    (line,) = (line for line in lines if line.startswith("negatives a query"))
    assert line.split()[3:] == ["2.000", "1.000", "-1.000", "[-1.000,", "-1.000]"]
    as_json = call(capsys, *asked, "--model", "hashing", "--json")
    record = json.loads(as_json.out)
    assert record["negatives"] == {"both": 0, "only_a": 12, "only_b": 6}
    assert record["figures"]["negatives_per_query"]["b_minus_a"]["verdict"] == "loss"
    assert record["training"] is None


def test_what_cannot_be_read_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, _ = files(tmp_path, [row(0, "Go.")], [row(0, "Go.")])
    found = call(capsys, "compare", a, tmp_path / "none.jsonl", "--model", "hashing")
    assert found.code == 2
    assert "none.jsonl" in found.err
    assert np.all(["Traceback" not in found.err, found.out == ""])
