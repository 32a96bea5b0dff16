"""The report in a real browser: it opens, and its controls do what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from miner.reporting.part import ReportLimits
from miner.reporting.report import examine_files
from tests.browser.browsing import Open, complaints, field, line_of, preview, requests, shown, slide, state
from tests.support.mined_files import made_receipts, made_rows, write_mined

pytestmark = pytest.mark.browser


def lines_with(
    files: tuple[Path, Path], wanted: Callable[[dict[str, Any], dict[str, Any]], bool]
) -> list[int]:
    """Line numbers of the training rows that a test of row and receipt holds for."""
    rows = [json.loads(line) for line in files[0].read_text("utf-8").splitlines()]
    pairs = zip(rows, made_receipts(rows), strict=True)
    return [i + 1 for i, (row, receipt) in enumerate(pairs) if wanted(row, receipt)]


def test_the_page_opens_without_a_complaint_and_asks_for_nothing(page: Path, opened: Open) -> None:
    browser = opened(page)
    assert browser.title == "train.jsonl – miner report"
    assert complaints(browser) == []
    assert [url for url in requests(browser) if url != page.as_uri()] == []


def test_the_preview_has_coheres_labels_and_the_files_numbers(
    page: Path, files: tuple[Path, Path], opened: Open
) -> None:
    browser = opened(page)
    rows = [json.loads(line) for line in files[0].read_text("utf-8").splitlines()]
    assert preview(browser, "training") == {
        "TOTAL # OF QUERIES": "280",
        "AVG # OF RELEVANT PASSAGES PER QUERY": f"{sum(len(r['relevant_passages']) for r in rows) / 280:.2f}",
        "AVG # OF HARD NEGATIVES PER QUERY": f"{sum(len(r['hard_negatives']) for r in rows) / 280:.2f}",
        "FILE NAME": "train.jsonl",
    }
    samples = browser.find_elements(By.CSS_SELECTOR, "#training-preview .samples .query")
    assert len(samples) == 3
    assert {sample.text for sample in samples} <= {row["query"] for row in rows}


def test_tabs_work_by_mouse_and_by_keyboard(page: Path, opened: Open) -> None:
    browser = opened(page)
    training, validation = browser.find_elements(By.CSS_SELECTOR, "[role=tab]")
    panels = {name: browser.find_element(By.ID, name) for name in ("training", "validation")}
    validation.click()
    assert [panel.is_displayed() for panel in panels.values()] == [False, True]
    assert preview(browser, "validation")["FILE NAME"] == "eval.jsonl"
    validation.send_keys(Keys.ARROW_RIGHT)
    assert [panel.is_displayed() for panel in panels.values()] == [True, False]
    assert browser.switch_to.active_element == training
    assert training.get_attribute("aria-selected") == "true"
    assert complaints(browser) == []


def test_search_finds_every_word_and_marks_it(page: Path, files: tuple[Path, Path], opened: Open) -> None:
    browser = opened(page)
    field(browser, "text").send_keys("GIFT payout")
    expected = lines_with(
        files, lambda row, _: all(word in json.dumps(row).lower() for word in ("gift", "payout"))
    )
    assert state(browser) == f"{len(expected)} of 280 rows"
    assert [line_of(row) for row in shown(browser)] == expected[:25]
    marked = {mark.text.lower() for mark in browser.find_elements(By.CSS_SELECTOR, "#training-rows mark")}
    assert marked == {"gift", "payout"}
    field(browser, "text").send_keys(" nowhere-to-be-found")
    assert state(browser) == "No row matches."
    assert shown(browser) == []


def test_signs_of_regular_expressions_are_searched_for_as_they_stand(page: Path, opened: Open) -> None:
    browser = opened(page)
    field(browser, "text").send_keys(".*[(")
    assert state(browser) == "No row matches."
    assert complaints(browser) == []


def test_filters_by_shortness_risk_and_similarity(page: Path, files: tuple[Path, Path], opened: Open) -> None:
    browser = opened(page)
    field(browser, "short").click()
    short = lines_with(files, lambda row, _: len(row["hard_negatives"]) < 5)
    assert state(browser) == f"{len(short)} of 280 rows"
    field(browser, "short").click()
    slide(browser, "risk", 0.2)
    risky = lines_with(files, lambda _, receipt: any(e["risk"] >= 0.2 for e in receipt["negatives"]))
    assert state(browser) == f"{len(risky)} of 280 rows"
    slide(browser, "similarity", 0.6)
    both = lines_with(
        files,
        lambda _, receipt: any(e["risk"] >= 0.2 and e["similarity"] >= 0.6 for e in receipt["negatives"]),
    )
    assert 0 < len(both) < len(risky)
    assert state(browser) == f"{len(both)} of 280 rows"
    browser.find_element(By.CSS_SELECTOR, "#training-rows [type=reset]").click()
    assert state(browser) == "280 of 280 rows"


def test_orders_put_the_riskiest_and_the_shortest_first(
    page: Path, files: tuple[Path, Path], opened: Open
) -> None:
    browser = opened(page)
    rows = [json.loads(line) for line in files[0].read_text("utf-8").splitlines()]
    risks = [max(e["risk"] for e in receipt["negatives"]) for receipt in made_receipts(rows)]
    order = sorted(range(280), key=lambda i: (-risks[i], i))
    Select(field(browser, "order")).select_by_visible_text("riskiest first")
    assert [line_of(row) for row in shown(browser)] == [i + 1 for i in order[:25]]
    Select(field(browser, "order")).select_by_visible_text("fewest negatives first")
    assert [line_of(row) for row in shown(browser)][:3] == [1, 8, 15]


def test_pages_turn_and_end(page: Path, opened: Open) -> None:
    browser = opened(page)
    assert [line_of(row) for row in shown(browser)] == list(range(1, 26))
    assert not field(browser, "previous").is_enabled()
    browser.execute_script("arguments[0].click()", field(browser, "next"))
    assert [line_of(row) for row in shown(browser)] == list(range(26, 51))
    for _ in range(10):
        browser.execute_script("arguments[0].click()", field(browser, "next"))
    assert [line_of(row) for row in shown(browser)] == list(range(276, 281))
    assert not field(browser, "next").is_enabled()


def test_a_finding_leads_to_its_row(page: Path, opened: Open) -> None:
    browser = opened(page)
    button = browser.find_element(By.CSS_SELECTOR, "#training-checks button[data-line='100']")
    browser.execute_script("arguments[0].click()", button)
    assert [line_of(row) for row in shown(browser)] == [100]
    assert "overlap" in shown(browser)[0].text
    field(browser, "text").clear()
    field(browser, "findings").click()
    assert 100 in [line_of(row) for row in shown(browser)]
    assert state(browser) != "280 of 280 rows"


def test_a_row_shows_passages_side_by_side_with_their_evidence(
    page: Path, files: tuple[Path, Path], opened: Open
) -> None:
    browser = opened(page)
    row = json.loads(files[0].read_text("utf-8").splitlines()[1])
    receipt = made_receipts([json.loads(line) for line in files[0].read_text("utf-8").splitlines()])[1]
    cells = shown(browser)[1].find_elements(By.TAG_NAME, "td")
    assert cells[1].find_element(By.CSS_SELECTOR, ".query").text == row["query"]
    negatives = cells[3].find_elements(By.CSS_SELECTOR, ".passage")
    assert len(negatives) == len(row["hard_negatives"])
    for passage, text, evidence in zip(negatives, row["hard_negatives"], receipt["negatives"], strict=True):
        assert passage.find_element(By.TAG_NAME, "p").text == text
        assert f"sim {evidence['similarity']:.3f}" in passage.text
        assert f"risk {evidence['risk']:.3f}" in passage.text
    assert cells[2].rect["x"] < cells[3].rect["x"]


def test_the_head_of_the_table_stays_in_sight(page: Path, opened: Open) -> None:
    browser = opened(page)
    browser.execute_script(
        "document.documentElement.style.scrollBehavior = 'auto';"
        "document.querySelectorAll('#training-rows tbody tr')[8].scrollIntoView()"
    )
    top = browser.execute_script(
        "return document.querySelector('#training-rows thead th').getBoundingClientRect().top"
    )
    assert 0 <= top < 100


def test_without_receipts_the_page_says_so_and_offers_no_such_filters(tmp_path: Path, opened: Open) -> None:
    path = write_mined(tmp_path / "plain.jsonl", made_rows(30), receipts=False, run=False)
    examine_files(path, limits=ReportLimits(shown=10)).write(tmp_path / "page.html")
    browser = opened(tmp_path / "page.html")
    text = browser.find_element(By.ID, "training").text
    assert "No receipts lie beside the file" in text
    assert "No run record lies beside the file" in text
    assert browser.find_elements(By.CSS_SELECTOR, "[name=risk], [name=similarity], .passage .badge") == []
    assert complaints(browser) == []
