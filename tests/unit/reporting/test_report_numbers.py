"""The numbers on the page against those of the files, worked out in another way."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from miner.encoders import HashingEncoder
from miner.reporting.measure import Gauge
from miner.reporting.part import ReportLimits
from miner.reporting.report import examine_files
from tests.support.mined_files import embedded_json as block
from tests.support.mined_files import made_receipts, made_rows, write_mined

GAUGE = Gauge("words", HashingEncoder().count_tokens)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("mined")
    return (
        write_mined(folder / "train.jsonl", made_rows(280)),
        write_mined(folder / "eval.jsonl", made_rows(70, seed=9), run=False),
    )


@pytest.fixture(scope="module")
def page(files: tuple[Path, Path]) -> str:
    return examine_files(*files, gauge=GAUGE).html()


def test_every_number_is_that_of_the_file(files: tuple[Path, Path], page: str) -> None:
    found = block(page, "statistics")
    for path, part in ((files[0], found["training"]), (files[1], found["validation"])):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        negatives = [text for row in rows for text in row["hard_negatives"]]
        relevant = [text for row in rows for text in row["relevant_passages"]]
        most = max(len(row["hard_negatives"]) for row in rows)
        assert part["preview"]["file_name"] == path.name
        assert part["preview"]["queries"] == len(rows)
        assert part["preview"]["relevant_per_query"] == len(relevant) / len(rows)
        assert part["preview"]["negatives_per_query"] == len(negatives) / len(rows)
        assert len(part["preview"]["samples"]) == 3
        assert all(sample in rows for sample in part["preview"]["samples"])
        assert part["counts"] == {
            "rows": len(rows),
            "refused": 0,
            "distinct_queries": len({row["query"] for row in rows}),
            "relevant": len(relevant),
            "distinct_relevant": len(set(relevant)),
            "negatives": len(negatives),
            "distinct_negatives": len(set(negatives)),
            "both": len(set(negatives) & set(relevant)),
            "full": most,
            "short_rows": sum(len(row["hard_negatives"]) < most for row in rows),
            "receipts": len(rows),
        }
        top = [reused["uses"] for reused in part["documents"]["most_reused"]]
        counted = Counter(negatives)
        assert top == [uses for _, uses in counted.most_common(10)]
        assert all(counted[reused["text"]] == reused["uses"] for reused in part["documents"]["most_reused"])
        assert part["documents"]["used"] == len(set(negatives))
        over = [
            len(row["query"].split()) + len(text.split()) for row in rows for text in row["hard_negatives"]
        ]
        assert part["lengths"]["negatives"]["spread"]["mean"] == pytest.approx(sum(over) / len(over))
        assert sum(count for _, _, count in part["lengths"]["negative_bins"]) == len(over)


def test_similarity_and_risk_are_those_of_the_receipts(files: tuple[Path, Path], page: str) -> None:
    rows = [json.loads(line) for line in files[0].read_text().splitlines()]
    receipts = made_receipts(rows)
    risks = [each["risk"] for receipt in receipts for each in receipt["negatives"]]
    right = [each["similarity"] for receipt in receipts for each in receipt["relevant"]]
    found = block(page, "statistics")["training"]["similarities"]
    assert found["risk"]["mean"] == pytest.approx(sum(risks) / len(risks))
    assert found["risk"]["high"] == max(risks)
    assert found["relevant"]["low"] == min(right)
    for low, high, count in found["relevant_bins"]:
        assert count == sum(low <= value < high for value in right)


def test_what_filters_removed_is_that_of_the_run(files: tuple[Path, Path], page: str) -> None:
    run = json.loads(files[0].with_name("train.run.json").read_text())
    found = block(page, "statistics")
    removed = {each["filter"]: each["candidates"] for each in found["training"]["removed"]}
    assert removed == run["counts"]["rejected"]
    assert found["training"]["documents"]["share"] == found["training"]["documents"]["used"] / 405
    assert found["validation"]["removed"] == []
    assert found["validation"]["documents"]["share"] is None


def test_the_table_holds_every_row_with_its_evidence(files: tuple[Path, Path], page: str) -> None:
    rows = [json.loads(line) for line in files[0].read_text().splitlines()]
    receipts = made_receipts(rows)
    shown = block(page, "data")["tables"]["training"]
    assert [item["line"] for item in shown] == list(range(1, 281))
    for item, row, receipt in zip(shown, rows, receipts, strict=True):
        assert item["query"] == row["query"]
        assert [each["text"] for each in item["negatives"]] == row["hard_negatives"]
        assert [each["risk"] for each in item["negatives"]] == [e["risk"] for e in receipt["negatives"]]


def test_a_large_file_is_sampled_and_the_page_says_so(files: tuple[Path, Path]) -> None:
    limits = ReportLimits(measured=50, shown=20, seed=3)
    found = examine_files(files[0], gauge=GAUGE, limits=limits)
    html = found.html()
    assert "The table holds 20 of 280 rows: 20 drawn at random with seed 3" in html
    assert "on 50 rows drawn at random with seed 3" in html
    assert found.statistics()["training"]["counts"]["rows"] == 280
    assert found.statistics()["training"]["lengths"]["rows"] == 50


def test_findings_are_those_of_the_preflight_and_their_rows_are_in_the_table(tmp_path: Path) -> None:
    rows = made_rows(260)
    rows[200]["hard_negatives"][0] = rows[200]["relevant_passages"][0]
    path = write_mined(tmp_path / "train.jsonl", rows)
    found = examine_files(path, limits=ReportLimits(shown=5))
    errors = [rule for rule in found.statistics()["training"]["findings"] if rule["severity"] == "error"]
    assert [(rule["rule"], rule["count"]) for rule in errors] == [("overlap", 1)]
    item = next(item for item in found.tabs[0].table if item["line"] == 201)
    assert item["findings"] == [("overlap", "error")]
    assert found.tabs[0].errors == 1
