"""The server's page in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from miner.reranking import load_reranker, rank
from miner.serving import ServerSettings
from miner.serving.store import DatasetRecord, ModelRecord, now
from tests.browser.browsing import complaints, log, requests
from tests.support.served import KEY, Served
from tests.support.serving import serving

pytestmark = pytest.mark.browser
Visit = Callable[[str], webdriver.Chrome]
HOSTILE = "<img src=x onerror=document.title='owned'>\u202e</details><script>document.title='owned'</script>"


@pytest.fixture
def visit(chromium: webdriver.Chrome) -> Visit:
    """Opens an address anew and waits for what the server tells."""

    def open_address(address: str) -> webdriver.Chrome:
        chromium.get("about:blank")
        for kind in ("browser", "performance"):
            log(chromium, kind)
        chromium.get(address)
        chromium.execute_script("sessionStorage.clear()")
        wait(chromium, "#state, #key:not([hidden])")
        return chromium

    return open_address


@pytest.fixture(scope="module")
def guarded(server: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a key and with texts that try to be markup."""
    settings = ServerSettings(
        tmp_path_factory.mktemp("hostile") / "s", models={HOSTILE: str(server.encoder)}, key=KEY
    )
    with serving(settings) as (address, house):
        sample = {"query": HOSTILE, "relevant_passages": [HOSTILE], "hard_negatives": [HOSTILE]}
        numbers = {"queries": 1, "relevant_per_query": 1.0, "negatives_per_query": 1.0}
        shown = {"file_name": HOSTILE, "samples": [sample], **numbers}
        part = {"id": "train", "name": HOSTILE, "index": 0, "size_bytes": 1}
        told = {"error": HOSTILE, "warnings": [HOSTILE], "parts": [part], "previews": [shown]}
        house.state.store.add(DatasetRecord("d", HOSTILE, now(), now(), "failed", **told))  # type: ignore[arg-type]
        model = {"base_model": {"name": HOSTILE}}
        house.state.store.add(
            ModelRecord("m", HOSTILE, now(), now(), "d", "b", model, "STATUS_FAILED", HOSTILE)
        )
        yield address


def wait(browser: webdriver.Chrome, selector: str) -> None:
    WebDriverWait(browser, 20).until(lambda _: browser.find_elements(By.CSS_SELECTOR, selector))


def fill(browser: webdriver.Chrome, query: str, documents: list[str]) -> None:
    browser.find_element(By.NAME, "query").send_keys(query)
    field = browser.find_element(By.NAME, "documents")
    browser.execute_script("arguments[0].value = arguments[1]", field, "\n".join(documents))
    browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, "#rank button"))


def test_the_page_opens_and_asks_nobody_else(server: Served, visit: Visit) -> None:
    browser = visit(server.address)
    wait(browser, ".curve")
    assert browser.title == "miner serve"
    assert complaints(browser) == []
    strangers = [url for url in requests(browser) if not url.startswith((server.address, "data:", "about:"))]
    assert strangers == []


def test_a_data_set_has_coheres_preview_and_a_model_its_figures(server: Served, visit: Visit) -> None:
    browser = visit(server.address)
    entry = browser.find_element(By.ID, server.dataset_id)
    if not entry.get_attribute("open"):
        entry.find_element(By.TAG_NAME, "summary").click()
    labels = [pair.text.split("\n") for pair in entry.find_elements(By.CSS_SELECTOR, ".preview > div")]
    assert labels[0] == ["TOTAL # OF QUERIES", "390"]
    assert labels[3] == ["FILE NAME", "train.jsonl"]
    assert labels[4] == ["TOTAL # OF QUERIES", str(len(server.rows) - 390)]
    assert server.rows[0].query in entry.text
    model = browser.find_element(By.ID, f"model-{server.model_id}")
    evaluation = server.client.finetuning.get_finetuned_model(server.model_id).finetuned_model.evaluation
    cells = [cell.text for cell in model.find_elements(By.CSS_SELECTOR, ".metrics tbody td")]
    for place, (name, figure) in enumerate(evaluation["metrics"].items()):
        expected = [name, *(f"{figure[key]:.3f}" for key in ("base", "tuned", "change"))]
        assert cells[5 * place : 5 * place + 4] == expected
    assert evaluation["decision"] in model.text
    curve = model.find_element(By.CSS_SELECTOR, ".curve")
    WebDriverWait(browser, 10).until(lambda _: int(curve.get_property("naturalWidth")) > 100)  # type: ignore[arg-type]


def test_both_models_rank_side_by_side(server: Served, visit: Visit) -> None:
    browser = visit(server.address)
    documents = ["cancel a booking", "a gift card", "where is my payout"]
    names = ["english", f"{server.model_id}-ft"]
    selects = [Select(browser.find_element(By.NAME, side)) for side in ("left", "right")]
    assert [select.first_selected_option.get_attribute("value") for select in selects] == names
    fill(browser, "cancel", documents)
    wait(browser, "#ranked > div:nth-child(2)")
    for column, model in enumerate((server.encoder, server.house.state.weights(server.model_id)), start=1):
        (places,) = rank(load_reranker(model), [("cancel", documents)])
        items = browser.find_elements(
            By.CSS_SELECTOR, f"#ranked > div:nth-child({column}) li span:last-child"
        )
        assert [item.text for item in items] == [documents[place.index] for place in places]
    assert complaints(browser) == []


def test_texts_stay_texts_and_a_key_is_asked_for(guarded: str, visit: Visit) -> None:
    browser = visit(guarded)
    assert not browser.find_element(By.ID, "overview").text
    browser.find_element(By.NAME, "key").send_keys(KEY)
    browser.find_element(By.CSS_SELECTOR, "#key button").click()
    wait(browser, "#d")
    for id in ("d", "model-m"):
        assert "<img src=x onerror=document.title='owned'>" in browser.find_element(By.ID, id).text
        assert "U+202E" in browser.find_element(By.ID, id).text
    fill(browser, HOSTILE.replace("\u202e", ""), [HOSTILE.replace("\u202e", ""), "plain"])
    wait(browser, "#ranked > div:nth-child(2)")
    assert browser.title == "miner serve"
    assert browser.find_elements(By.CSS_SELECTOR, "main img, main script") == []
    assert not [entry for entry in complaints(browser) if "401" not in entry["message"]]


def test_a_refusal_is_told_on_the_page(server: Served, visit: Visit) -> None:
    browser = visit(server.address)
    fill(browser, "a", ["b"] * 1001)
    wait(browser, "#trouble:not([hidden])")
    assert "at most 1000 are taken" in browser.find_element(By.ID, "trouble").text
