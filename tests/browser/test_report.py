"""The report in a real browser: it opens, its controls work, and no text of the data becomes markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mined_files import made_receipts, made_rows, write_mined
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from miner.files import write_json, write_jsonl
from miner.report import report
from miner.report.part import Limits

pytestmark = pytest.mark.browser

HOSTILE = (
    "</script><script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 2'>",
    "{{ 7 * 7 }} {% raw %} ${7 * 7} <%= 7 * 7 %>",
    "<svg onload=window.hacked=3><a xlink:href='javascript:window.hacked=4'>x</a></svg>",
    '" onmouseover="window.hacked = 5" x="',
    "--><!-- <![CDATA[ ]]> </style></title></textarea></template>",
    "&lt;script&gt;window.hacked = 6&lt;/script&gt; &#60;b&#62;",
    "\u202egnp.exe\u202c \u2066isolate\u2069",
    "zero\u200bwidth\ufeff and \x1b[31mred\x1b[0m and \x07bell \x00nul",
    "line\u2028and paragraph\u2029ends",
    "W" * 5000,
    "javascript:window.hacked=7",
    "https://tracker.invalid/pixel.png <link rel=stylesheet href=https://tracker.invalid/a.css>",
)

Open = Callable[..., webdriver.Chrome]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("mined")
    rows = made_rows(280)
    rows[99]["hard_negatives"][0] = rows[99]["relevant_passages"][0]
    return (
        write_mined(folder / "train.jsonl", rows),
        write_mined(folder / "eval.jsonl", made_rows(70, seed=9), run=False),
    )


@pytest.fixture(scope="module")
def page(files: tuple[Path, Path]) -> Path:
    path = files[0].with_name("page.html")
    report(*files).write(path)
    return path


@pytest.fixture
def opened(chromium: webdriver.Chrome) -> Open:
    """Opens a page anew; whatever was logged before is forgotten."""

    def open_page(path: Path) -> webdriver.Chrome:
        chromium.get("about:blank")
        for kind in ("browser", "performance"):
            log(chromium, kind)
        chromium.get(path.as_uri())
        return chromium

    return open_page


def log(browser: webdriver.Chrome, kind: str) -> list[dict[str, Any]]:
    """What was logged since the last call."""
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


def complaints(browser: webdriver.Chrome) -> list[dict[str, Any]]:
    return log(browser, "browser")


def requests(browser: webdriver.Chrome) -> list[str]:
    """Addresses that the page asked for."""
    entries = [json.loads(entry["message"])["message"] for entry in log(browser, "performance")]
    return [
        entry["params"]["request"]["url"]
        for entry in entries
        if entry["method"] == "Network.requestWillBeSent"
    ]


def shown(browser: webdriver.Chrome, tab: str = "training") -> list[WebElement]:
    return browser.find_elements(By.CSS_SELECTOR, f"#{tab}-rows tbody tr")


def state(browser: webdriver.Chrome, tab: str = "training") -> str:
    return browser.find_element(By.CSS_SELECTOR, f"#{tab}-rows .state").text


def field(browser: webdriver.Chrome, name: str, tab: str = "training") -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, f"#{tab}-rows [name={name}]")


def slide(browser: webdriver.Chrome, name: str, value: float) -> None:
    script = (
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
    )
    browser.execute_script(script, field(browser, name), value)


def preview(browser: webdriver.Chrome, tab: str) -> dict[str, str]:
    pairs = browser.find_elements(By.CSS_SELECTOR, f"#{tab}-preview .preview > div")
    return {
        pair.find_element(By.TAG_NAME, "dt").text: pair.find_element(By.TAG_NAME, "dd").text for pair in pairs
    }


def lines_with(
    files: tuple[Path, Path], wanted: Callable[[dict[str, Any], dict[str, Any]], bool]
) -> list[int]:
    """Line numbers of the training rows that a test of row and receipt holds for."""
    rows = [json.loads(line) for line in files[0].read_text("utf-8").splitlines()]
    pairs = zip(rows, made_receipts(rows), strict=True)
    return [i + 1 for i, (row, receipt) in enumerate(pairs) if wanted(row, receipt)]


def line_of(row: WebElement) -> int:
    return int(row.find_element(By.TAG_NAME, "td").text)


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


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_nothing_is_wider_than_the_window(page: Path, opened: Open, width: int) -> None:
    browser = opened(page)
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_light_and_dark_differ_and_text_stands_out_in_both(page: Path, opened: Open) -> None:
    browser = opened(page)
    papers = set()
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        papers.add(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
        weak = browser.execute_script(CONTRAST)
        assert weak == []
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert len(papers) == 2


def test_every_control_has_a_name(page: Path, opened: Open) -> None:
    browser = opened(page)
    for control in browser.find_elements(
        By.CSS_SELECTOR, "#training button, #training input, #training select"
    ):
        if control.is_displayed():
            assert control.accessible_name, control.get_attribute("outerHTML")
    for plot in browser.find_elements(By.CSS_SELECTOR, "#training [role=img]"):
        assert plot.accessible_name


def test_in_print_both_tabs_are_seen(page: Path, opened: Open) -> None:
    browser = opened(page)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.find_element(By.ID, "validation").is_displayed()
        assert not browser.find_element(By.CSS_SELECTOR, ".controls").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of which every text that comes from the data is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    path = folder / "<img src=x onerror=alert(1)>.jsonl"
    rows = [
        {
            "query": text,
            "relevant_passages": [f"{text} r"],
            "hard_negatives": [text + " n", text + " n", f"{text} r"],
        }
        for text in HOSTILE
    ]
    write_mined(path, rows)
    receipts = made_receipts(rows)
    for receipt, text in zip(receipts, HOSTILE, strict=True):
        for evidence in receipt["negatives"]:
            evidence.update(id=text, source=text)
    write_jsonl(path.with_name(f"{path.stem}.receipts.jsonl"), receipts)
    run = {
        "miner": HOSTILE[0],
        "arguments": {text: text for text in HOSTILE},
        "counts": {"candidates": 100, "rejected": {text: 3 for text in HOSTILE}},
        "index": {"path": HOSTILE[1], "passages": 9},
        "stages": [{"stage": text, "seconds": 1.0} for text in HOSTILE],
    }
    write_json(path.with_name(f"{path.stem}.run.json"), run)
    report(path, write_mined(folder / "eval.jsonl", rows)).write(folder / "page.html")
    return folder / "page.html"


def test_hostile_text_is_shown_and_never_becomes_markup(hostile: Path, opened: Open) -> None:
    browser = opened(hostile)
    assert browser.execute_script("return window.hacked") is None
    for tab in browser.find_elements(By.CSS_SELECTOR, "[role=tab]"):
        tab.click()
    browser.find_elements(By.CSS_SELECTOR, "[role=tab]")[0].click()
    for button in browser.find_elements(By.CSS_SELECTOR, "#training-rows .more"):
        browser.execute_script("arguments[0].click()", button)
    assert browser.execute_script("return window.hacked") is None
    assert complaints(browser) == []
    assert [url for url in requests(browser) if url != hostile.as_uri()] == []
    foreign = (
        "img, iframe, object, embed, link, base, form[action], a[href]:not([href^='#']), [onerror], [onload]"
    )
    assert browser.find_elements(By.CSS_SELECTOR, foreign) == []
    assert len(browser.find_elements(By.TAG_NAME, "script")) == 3
    queries = browser.execute_script(
        "return [...document.querySelectorAll('#training-rows .query')].map(e => e.textContent)"
    )
    assert queries[:7] == list(HOSTILE[:7])
    assert "49" not in queries[2]


def test_unseen_characters_are_seen_and_cannot_turn_the_text_around(hostile: Path, opened: Open) -> None:
    browser = opened(hostile)
    text = browser.find_element(By.TAG_NAME, "main").get_attribute("textContent") or ""
    seen = browser.find_element(By.CSS_SELECTOR, "#training-rows tbody").text
    for code in ("U+202E", "U+200B", "U+001B", "U+0000", "U+2028", "U+FEFF"):
        assert code in seen
    assert not set("\u202e\u200b\x1b\ufeff\u2066") & set(text)


def test_very_long_words_do_not_widen_the_page(hostile: Path, opened: Open) -> None:
    browser = opened(hostile)
    for width in (390, 1280):
        metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        try:
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        finally:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_receipts_the_page_says_so_and_offers_no_such_filters(tmp_path: Path, opened: Open) -> None:
    path = write_mined(tmp_path / "plain.jsonl", made_rows(30), receipts=False, run=False)
    report(path, limits=Limits(shown=10)).write(tmp_path / "page.html")
    browser = opened(tmp_path / "page.html")
    text = browser.find_element(By.ID, "training").text
    assert "No receipts lie beside the file" in text
    assert "No run record lies beside the file" in text
    assert browser.find_elements(By.CSS_SELECTOR, "[name=risk], [name=similarity], .passage .badge") == []
    assert complaints(browser) == []


CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d");
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
};
const luminance = (colour) => {
  const [r, g, b] = [...colour].slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const paper = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const colour = rgba(getComputedStyle(each).backgroundColor);
    if (colour[3] === 255) return colour;
  }
  return rgba("white");
};
const weak = new Set();
for (const element of document.querySelectorAll("#training *, header *")) {
  const direct = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!direct || !element.checkVisibility() || element.disabled) continue;
  const style = getComputedStyle(element);
  const ink = luminance(rgba(element instanceof SVGElement ? style.fill : style.color));
  const back = luminance(paper(element));
  const ratio = (Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05);
  const name = `${element.tagName}.${element.className.baseVal ?? element.className}`;
  if (ratio < 4.5) weak.add(`${name} ${ratio.toFixed(2)}`);
}
return [...weak];
"""
