"""The server's page in a real browser: from files to a model that ranks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from miner.reranking import load_reranker, rank
from miner.serving import ServerSettings
from miner.serving.store import DatasetRecord, ModelRecord, now
from tests.browser.browsing import complaints, log, media, requests, until, window
from tests.support.mined_files import made_rows
from tests.support.served import KEY, Served
from tests.support.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("warm_jobs")]
Visit = Callable[[str], webdriver.Chrome]
HOSTILE = "<img src=x onerror=document.title='owned'>\u202e</details><script>document.title='owned'</script>"
DOCUMENTS = ["cancel a booking", "a gift card", "where is my payout"]


@pytest.fixture
def visit(chromium: webdriver.Chrome) -> Visit:
    """Opens an address anew and waits for what the server tells."""

    def open_address(address: str) -> webdriver.Chrome:
        chromium.get("about:blank")
        for kind in ("browser", "performance"):
            log(chromium, kind)
        chromium.get(address)
        chromium.execute_script("sessionStorage.clear()")
        wait(chromium, "#datasets-title, #key")
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
        finding = {"rule": "overlap", "severity": "error", "side": "train", "file": HOSTILE, "line": 1}
        findings = [{**finding, "message": HOSTILE, "count": 3}]
        told: dict[str, Any] = {"error": HOSTILE, "parts": [part], "previews": [shown], "findings": findings}
        house.state.store.add(DatasetRecord("d", HOSTILE, now(), now(), "failed", **told))
        model = {"base_model": {"name": HOSTILE}}
        house.state.store.add(
            ModelRecord("m", HOSTILE, now(), now(), "d", "b", model, "STATUS_FAILED", HOSTILE)
        )
        yield address


def wait(browser: webdriver.Chrome, selector: str, seconds: float = 60) -> WebElement:
    """The element once it is seen."""
    return until(
        browser,
        lambda page: next(
            (e for e in page.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()), None
        ),
        seconds,
    )


def see(browser: webdriver.Chrome, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, selector)


def press(browser: webdriver.Chrome, selector: str) -> None:
    element = wait(browser, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def write(browser: webdriver.Chrome, query: str, documents: list[str]) -> None:
    see(browser, "#query").send_keys(query)
    browser.execute_script(
        "arguments[0].value = arguments[1]", see(browser, "#documents"), "\n".join(documents)
    )
    press(browser, "#rank button")


def upload(browser: webdriver.Chrome, train: Path, evaluation: Path | None = None) -> None:
    see(browser, "#data").send_keys(str(train))
    if evaluation is not None:
        see(browser, "#eval_data").send_keys(str(evaluation))
    press(browser, "#upload button.main")


def serious(browser: webdriver.Chrome) -> list[str]:
    """What axe finds on the page as it is now."""
    if not browser.execute_script("return 'axe' in window"):
        browser.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
    wanted = "axe.run({resultTypes: ['violations']}).then(arguments[arguments.length - 1])"
    found = browser.execute_async_script(wanted)
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def test_a_person_comes_from_files_to_a_list_ranked_by_a_model_trained_there(
    server: Served, tmp_path: Path, visit: Visit
) -> None:
    rows, models = server.rows, {"english": str(server.encoder)}
    train, evaluation = tmp_path / "help center.jsonl", tmp_path / "held out.jsonl"
    lines = [json.dumps({"query": r.query, "relevant_passages": list(r.relevant_passages),
                         "hard_negatives": list(r.hard_negatives)}) for r in rows]  # fmt: skip
    broken = json.loads(lines[7])
    broken["hard_negatives"][1:1] = [broken["relevant_passages"][0], ""]
    train.write_text("\n".join([*lines[:7], json.dumps(broken), *lines[8:390]]) + "\n")
    evaluation.write_text("\n".join(lines[390:]) + "\n")
    with serving(ServerSettings(tmp_path / "state", models=models)) as (address, house):
        browser = visit(address)
        assert see(browser, "h1").text == "Create a Rerank model"
        assert "None yet" in see(browser, "#datasets").text
        assert serious(browser) == []
        upload(browser, train, evaluation)
        heading = wait(browser, "#review .found")
        assert "1 error, 1 warning" in see(browser, "#review").text
        told = "is both a relevant passage and hard negatives of query"
        row = next(row for row in heading.find_elements(By.TAG_NAME, "tr") if told in row.text)
        assert [cell.text for cell in row.find_elements(By.TAG_NAME, "td")][:3] == [
            "error", "help center.jsonl", "8",
        ]  # fmt: skip
        assert serious(browser) == []
        assert browser.find_elements(By.CSS_SELECTOR, "#review a.main") == []
        press(browser, "#review [data-correct]")
        wait(browser, "#review a.main", 120)
        labels = [
            pair.text.split("\n")
            for pair in browser.find_elements(By.CSS_SELECTOR, "#panel-train .preview > div")
        ]
        assert labels[0] == ["TOTAL # OF QUERIES", "390"]
        assert labels[3][1].endswith("help center.corrected.jsonl")
        assert len(browser.find_elements(By.CSS_SELECTOR, "#panel-train .samples > li")) == 3
        see(browser, "#tab-train").send_keys(Keys.ARROW_RIGHT)
        assert str(len(rows) - 390) in see(browser, "#panel-eval .preview").text
        press(browser, "#review a.main")
        wait(browser, "#settings")
        assert "about 2 epochs" in see(browser, "#defaults").text
        assert see(browser, "#model-name").get_attribute("value") == "help center (corrected)"
        for name, value in (("train_epochs", "1"), ("learning_rate", "0.005"), ("train_batch_size", "32")):
            see(browser, f"#{name}").send_keys(value)
        assert serious(browser) == []
        press(browser, "#settings button.main")
        wait(browser, "#training progress, #model-id", 120)
        id = wait(browser, "#model-id", 300).text
        assert serious(browser) == []
        (model,) = house.state.store.all(ModelRecord)
        assert id == f"{model.id}-ft"
        assert f'model="{id}"' in see(browser, "#snippet-Python").text
        names = [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "#training .metrics tbody th")]
        assert names == list(model.evaluation["metrics"])
        assert browser.find_elements(By.CSS_SELECTOR, "#training .curve polyline")
        browser.get(f"{address}/#model/{model.id}")
        browser.refresh()
        until(browser, lambda _: see(browser, "#right").get_attribute("value") == id)
        write(browser, "cancel", DOCUMENTS)
        wait(browser, "#ranked > div:nth-child(2)")
        items = browser.find_elements(By.CSS_SELECTOR, "#ranked > div:nth-child(2) li span:last-child")
        (places,) = rank(load_reranker(house.state.weights(model.id)), [("cancel", DOCUMENTS)])
        assert [item.text for item in items] == [DOCUMENTS[place.index] for place in places]
        assert complaints(browser) == []


def test_hard_negatives_are_decided_on_from_the_page_of_their_data_set(
    server: Served, tmp_path: Path, visit: Visit
) -> None:
    rows = made_rows(260)
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    models = {"english": str(server.encoder)}
    with serving(ServerSettings(tmp_path / "state", models=models)) as (address, house):
        browser = visit(address)
        upload(browser, tmp_path / "rows.jsonl")
        wait(browser, "#review [data-decide]", 120)
        assert serious(browser) == []
        press(browser, "#review [data-decide]")
        until(browser, lambda _: not browser.current_url.startswith(address))
        wait(browser, "#candidate")
        browser.back()
        wait(browser, "#review [data-decide]")
        house.reviews.close()


def test_a_training_is_watched_and_cancelled_and_everything_deleted(server: Served, visit: Visit) -> None:
    browser = visit(server.address)
    press(browser, f"#{server.dataset_id} a.name")
    press(browser, "#review a.main")
    wait(browser, "#settings")
    see(browser, "#model-name").clear()
    see(browser, "#model-name").send_keys("to be cancelled")
    see(browser, "#train_epochs").send_keys("100")
    press(browser, "#settings button.main")
    wait(browser, "#training [data-percent]:not([data-percent='0.0'])", 120)
    assert re.search(r"step \d+ of \d[\d,]*, \d+ %", see(browser, ".bar-label").text)
    see(browser, "#cancel").send_keys(Keys.ENTER)
    wait(browser, "#sure")
    press(browser, "#sure [value=yes]")
    wait(browser, "#training .badge.error")
    assert "cancelled" in see(browser, "#training").text
    model = browser.current_url.rpartition("/")[2]
    press(browser, f"#model-{model} [data-delete]")
    press(browser, "#sure [value=no]")
    assert server.client.finetuning.get_finetuned_model(model)
    press(browser, f"#model-{model} [data-delete]")
    press(browser, "#sure [value=yes]")
    until(browser, lambda _: not browser.find_elements(By.ID, f"model-{model}"))
    kept = [each.id for each in server.client.finetuning.list_finetuned_models().finetuned_models]
    assert kept == [server.model_id]
    wait(browser, "#upload")


def test_the_page_opens_and_asks_nobody_else(server: Served, visit: Visit) -> None:
    browser = visit(f"{server.address}/#model/{server.model_id}")
    wait(browser, "#training .curve")
    assert browser.title == "miner serve"
    assert complaints(browser) == []
    strangers = [url for url in requests(browser) if not url.startswith((server.address, "data:", "about:"))]
    assert strangers == []


def test_a_models_figures_are_those_of_the_api_and_its_id_is_copied(server: Served, visit: Visit) -> None:
    browser = visit(f"{server.address}/#model/{server.model_id}")
    wait(browser, "#training .metrics")
    evaluation = server.client.finetuning.get_finetuned_model(server.model_id).finetuned_model.evaluation
    for row, (name, figure) in zip(
        browser.find_elements(By.CSS_SELECTOR, ".metrics tbody tr"),
        evaluation["metrics"].items(),
        strict=True,
    ):
        cells = [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
        assert cells[:4] == [name, *(f"{figure[key]:.3f}" for key in ("base", "tuned", "change"))]
    assert evaluation["decision"] in see(browser, "#training").text
    browser.execute_script("document.execCommand = () => { window.copied = String(getSelection()); }")
    browser.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    press(browser, "[data-copy=model-id]")
    until(browser, lambda _: browser.execute_script("return window.copied"))
    assert browser.execute_script("return window.copied") == f"{server.model_id}-ft"
    see(browser, "#tab-Python").send_keys(Keys.ARROW_RIGHT)
    assert f"curl {server.address}/v2/rerank" in see(browser, "#snippet-curl").text


def test_both_models_rank_side_by_side(server: Served, visit: Visit) -> None:
    browser = visit(server.address)
    names = ["english", f"{server.model_id}-ft"]
    selects = [Select(see(browser, f"#{side}")) for side in ("left", "right")]
    assert [select.first_selected_option.get_attribute("value") for select in selects] == names
    write(browser, "cancel", DOCUMENTS)
    wait(browser, "#ranked > div:nth-child(2)")
    for column, model in enumerate((server.encoder, server.house.state.weights(server.model_id)), start=1):
        (places,) = rank(load_reranker(model), [("cancel", DOCUMENTS)])
        items = browser.find_elements(
            By.CSS_SELECTOR, f"#ranked > div:nth-child({column}) li span:last-child"
        )
        assert [item.text for item in items] == [DOCUMENTS[place.index] for place in places]
    assert complaints(browser) == []


def test_texts_stay_texts_and_a_key_is_asked_for(guarded: str, visit: Visit) -> None:
    browser = visit(guarded)
    assert not see(browser, "#lists").text
    see(browser, "[name=key]").send_keys(KEY)
    press(browser, "#key button")
    wait(browser, "#d")
    for id in ("d", "model-m"):
        assert "<img src=x onerror=document.title='owned'>" in see(browser, f"#{id}").text
        assert "U+202E" in see(browser, f"#{id}").text
    for link, panel in (("#d a", "#review"), ("#model-m a", "#training")):
        press(browser, link)
        wait(browser, f"{panel} .told, {panel} .found")
        assert "<img src=x" in see(browser, panel).text
    write(browser, HOSTILE.replace("\u202e", ""), [HOSTILE.replace("\u202e", ""), "plain"])
    wait(browser, "#ranked > div")
    assert browser.title == "miner serve"
    assert browser.find_elements(By.CSS_SELECTOR, "main img, main script") == []
    assert not [entry for entry in complaints(browser) if "401" not in entry["message"]]


def test_errors_stand_beside_their_field(server: Served, visit: Visit, tmp_path: Path) -> None:
    browser = visit(server.address)
    press(browser, "#upload button.main")
    assert see(browser, "#data-problem").text == "Choose a file with training data."
    assert see(browser, "#data").get_attribute("aria-invalid") == "true"
    assert browser.switch_to.active_element == see(browser, "#data")
    write(browser, "a", ["b"] * 1001)
    assert "at most 1000 are taken" in wait(browser, "#documents-problem").text
    browser.get(f"{server.address}/#settings/{server.dataset_id}")
    browser.refresh()
    wait(browser, "#settings")
    see(browser, "#train_epochs").send_keys("101")
    press(browser, "#settings button.main")
    assert "100" in see(browser, "#train_epochs-problem").text
    assert server.client.finetuning.list_finetuned_models().total_size == 1


def test_a_lost_server_is_told_and_found_again(
    server: Served, visit: Visit, tmp_path: Path, chromium: webdriver.Chrome
) -> None:
    browser = visit(server.address)
    browser.execute_cdp_cmd("Network.enable", {})
    try:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/page/*"]})
        browser.execute_script(
            "document.querySelector('#lists').textContent = ''; location.hash = 'review/x'"
        )
        assert wait(browser, "#trouble").text == "The server does not answer."
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        browser.execute_cdp_cmd("Network.disable", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_a_phone_and_the_dark_and_axe_finds_nothing_serious(
    server: Served, visit: Visit, scheme: str, width: int
) -> None:
    browser = visit(server.address)
    with media(browser, scheme=scheme), window(browser, width):
        for place, selector in (
            ("create", "#upload"),
            (f"review/{server.dataset_id}", "#review .preview"),
            (f"settings/{server.dataset_id}", "#settings"),
            (f"model/{server.model_id}", "#model-id"),
        ):
            browser.execute_script("location.hash = arguments[0]", place)
            wait(browser, selector)
            time.sleep(0.2)
            wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, place
            assert serious(browser) == [], place


def test_everything_is_reached_by_the_keyboard(server: Served, visit: Visit) -> None:
    browser = visit(f"{server.address}/#model/{server.model_id}")
    wait(browser, "#model-id")
    wanted = {"model-id", "tab-Python", "snippet-Python", "Delete", "query", "documents", "left"}
    reached: set[str | None] = set()
    for _ in range(60):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        active = browser.switch_to.active_element
        reached.add(active.get_attribute("id") or active.get_attribute("data-copy") or active.text)
        if wanted <= reached:
            break
    assert wanted <= reached
