"""The review in a real browser: the keyboard is enough, and every key is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from miner.judgments import PERSON, JudgmentStore
from miner.reviewing import ReviewServer
from miner.storage.files import write_jsonl
from tests.browser.browsing import complaints, log, media, requests, until, window
from tests.support.reviewing import reviewing

pytestmark = pytest.mark.browser
Visit = Callable[[ReviewServer], webdriver.Chrome]
HOSTILE = "<img src=x onerror=document.title='owned'>\u202e</div><script>document.title='owned'</script>"


@pytest.fixture
def mined(tmp_path: Path) -> Path:
    rows = [
        {
            "query": f"How late is studio {n} open?",
            "relevant_passages": [f"Studio {n} closes at nine in the evening.", "Ring the bell after eight."],
            "hard_negatives": [HOSTILE if n == 0 else f"Studio {n} closes for the summer in July."],
        }
        for n in range(4)
    ]
    write_jsonl(tmp_path / "m.jsonl", rows)
    return tmp_path / "m.jsonl"


@pytest.fixture
def server(mined: Path) -> Iterator[ReviewServer]:
    with reviewing(mined, mined.with_name("j.jsonl"), k=0) as running:
        yield running


@pytest.fixture
def visit(chromium: webdriver.Chrome) -> Visit:
    def open_page(server: ReviewServer) -> webdriver.Chrome:
        chromium.get("about:blank")
        for kind in ("browser", "performance"):
            log(chromium, kind)
        chromium.get(server.address)
        wait(chromium, lambda: chromium.find_element(By.ID, "place").text != "")
        return chromium

    return open_page


def wait(browser: webdriver.Chrome, look: Callable[[], bool]) -> None:
    until(browser, lambda _: look())


def press(browser: webdriver.Chrome, key: str) -> None:
    browser.find_element(By.TAG_NAME, "body").send_keys(key)


def place(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.ID, "place").text


def test_the_keyboard_is_enough_and_every_key_is_kept(server: ReviewServer, visit: Visit) -> None:
    browser = visit(server)
    assert place(browser) == "1 of 4, 0 decided"
    for number, key in enumerate("ynu", 1):
        press(browser, key)
        wait(browser, lambda n=number: place(browser) == f"{n + 1} of 4, {n} decided")  # type: ignore[misc]
        assert len(JudgmentStore(server.queue.store.path).book) == number
    assert "1 yes, 1 no, 1 unsure: 50.0% false" in browser.find_element(By.ID, "rate").text
    press(browser, Keys.ARROW_LEFT)
    wait(browser, lambda: place(browser).startswith("3 of 4"))
    pressed = browser.find_element(By.CSS_SELECTOR, "[aria-pressed=true]")
    assert pressed.text.endswith("Unsure")
    press(browser, "z")
    wait(browser, lambda: place(browser) == "3 of 4, 2 decided")
    press(browser, Keys.ARROW_RIGHT)
    wait(browser, lambda: place(browser).startswith("4 of 4"))
    assert server.queue.verdict(2) is None
    assert complaints(browser) == []


def test_keys_pressed_faster_than_the_server_answers_lose_nothing(server: ReviewServer, visit: Visit) -> None:
    browser = visit(server)
    browser.find_element(By.TAG_NAME, "body").send_keys("ynny")
    wait(browser, lambda: place(browser).endswith("4 decided"))
    found = JudgmentStore(server.queue.store.path).book
    verdicts = [found.find(pair, PERSON) for pair in server.queue.pairs]
    assert [each.verdict for each in verdicts if each] == ["answers", "no", "no", "answers"]


def test_another_window_is_seen(server: ReviewServer, visit: Visit) -> None:
    browser = visit(server)
    with reviewing(server.queue.mined, server.queue.store.path, k=0) as other:
        other.queue.decide(3, "no")
    wait(browser, lambda: place(browser) == "1 of 4, 1 decided")


def test_the_page_asks_nobody_else_and_no_text_is_markup(server: ReviewServer, visit: Visit) -> None:
    browser = visit(server)
    hostile = next(i for i, pair in enumerate(server.queue.pairs) if pair.passage == HOSTILE)
    for _ in range(hostile):
        press(browser, Keys.ARROW_RIGHT)
    wait(browser, lambda: place(browser).startswith(f"{hostile + 1} of"))
    wait(browser, lambda: "onerror" in browser.find_element(By.ID, "candidate").text)
    assert "⟨U+202E⟩" in browser.find_element(By.ID, "candidate").text
    assert "owned" not in browser.title
    strangers = [url for url in requests(browser) if not url.startswith((server.address, "data:", "about:"))]
    assert strangers == []
    assert complaints(browser) == []


def test_what_differs_is_marked_on_both_sides(server: ReviewServer, visit: Visit) -> None:
    browser = visit(server)
    plain = next(i for i, pair in enumerate(server.queue.pairs) if pair.passage != HOSTILE)
    for _ in range(plain):
        press(browser, Keys.ARROW_RIGHT)
    wait(browser, lambda: "July" in browser.find_element(By.ID, "candidate").text)
    marks = {
        side: [mark.text for mark in browser.find_elements(By.CSS_SELECTOR, f"#{side} mark.only")]
        for side in ("candidate", "relevant")
    }
    assert "July" in marks["candidate"]
    assert "evening" in marks["relevant"]
    assert "closes" not in [*marks["candidate"], *marks["relevant"]]
    asked = browser.find_elements(By.CSS_SELECTOR, "#candidate mark.asked")
    assert [mark.text.lower() for mark in asked] == ["studio"]


def test_a_server_that_is_gone_is_said(server: ReviewServer, visit: Visit) -> None:
    browser = visit(server)
    server.close()
    press(browser, "y")
    wait(browser, lambda: "no longer answers" in browser.find_element(By.ID, "trouble").text)
    assert not server.queue.store.path.exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_on_a_phone(server: ReviewServer, visit: Visit, scheme: str) -> None:
    browser = visit(server)
    with window(browser, 390), media(browser, scheme=scheme):
        width = browser.execute_script("return document.documentElement.scrollWidth")
        assert width <= 390
        buttons = browser.find_elements(By.TAG_NAME, "button")
        assert all(button.size["height"] >= 36 for button in buttons)
        bottom = browser.execute_script(
            "return document.querySelector('[data-verdict=answers]').getBoundingClientRect().bottom"
        )
        assert bottom <= 844
