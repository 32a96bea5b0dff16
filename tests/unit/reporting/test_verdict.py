"""The page's first lines: is this file good?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from miner.encoders import HashingEncoder
from miner.reporting.measure import Gauge
from miner.reporting.report import examine_files
from miner.reporting.verdict import Verdict, verdict
from miner.storage.files import write_jsonl
from tests.support.mined_files import made_receipts, made_rows, write_mined

GAUGE = Gauge("words", HashingEncoder().count_tokens)


def judged(path: Path) -> Verdict:
    return verdict(examine_files(path, gauge=GAUGE).tabs[0].part)


def mined(folder: Path, similarity: tuple[float, float], risk: float) -> Path:
    """A file of full rows whose relevant passages and negatives have these similarities, and this risk."""
    rows = [row for i, row in enumerate(made_rows(420)) if i % 7]
    path = write_mined(folder / "train.jsonl", rows, receipts=False, run=False)
    receipts = made_receipts(rows)
    for receipt in receipts:
        for each in receipt["relevant"]:
            each["similarity"] = similarity[0] + each["similarity"] / 1000
        for each in receipt["negatives"]:
            each |= {"similarity": similarity[1] + each["similarity"] / 1000, "risk": risk}
    write_jsonl(folder / "train.receipts.jsonl", receipts)
    return path


def texts(found: Verdict, level: str) -> str:
    return " ".join(each.text for each in found.findings if each.level == level)


def test_a_good_file_is_called_good_for_three_reasons(tmp_path: Path) -> None:
    found = judged(mined(tmp_path, (0.6004, 0.6), 0.01))
    assert found.text == "Fit to train on: nothing here speaks against it."
    assert [each.level for each in found.findings] == ["good"] * 3


@pytest.mark.parametrize(
    ("similarity", "risk", "said"),
    [
        ((0.6004, 0.6), 0.12, "risk 12.0% of the negatives answer"),
        ((0.4, 0.7), 0.01, "as similar to their query as what answers"),
        ((0.9, 0.2), 0.01, "Negatives are easy"),
    ],
)
def test_what_to_worry_about_comes_first(
    tmp_path: Path, similarity: tuple[float, float], risk: float, said: str
) -> None:
    found = judged(mined(tmp_path, similarity, risk))
    assert found.level == "warning"
    assert "to look at" in found.text
    assert said in texts(found, "warning")


def test_a_file_that_breaks_rules_is_not_fit(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = made_rows(280)
    rows[3]["hard_negatives"] = [rows[3]["relevant_passages"][0]]
    found = judged(write_mined(tmp_path / "train.jsonl", rows, receipts=False, run=False))
    assert found.text == "Not fit to train on yet."
    assert found.findings[0].level == "error"
    assert "by Cohere's rules, the first:" in found.findings[0].text


def test_a_passage_used_far_more_than_others_is_noticed(tmp_path: Path) -> None:
    rows = made_rows(280)
    for row in rows[::2]:
        row["hard_negatives"][0] = "One passage that serves again and again."
    found = judged(write_mined(tmp_path / "train.jsonl", rows, receipts=False, run=False))
    assert "One passage is a negative of 140 rows (50.0%)." in texts(found, "warning")


def test_nothing_at_all_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    assert judged(tmp_path / "empty.jsonl").level == "error"
