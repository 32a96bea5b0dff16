"""No text of the data becomes markup or script, or hides what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from miner.reporting.report import examine_files
from miner.storage.files import write_json, write_jsonl
from tests.browser.browsing import Open, complaints, requests, window
from tests.support.mined_files import made_receipts, write_mined

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
    examine_files(path, write_mined(folder / "eval.jsonl", rows)).write(folder / "page.html")
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
        with window(browser, width):
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
