"""What browser tests ask a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

Open = Callable[[Path], webdriver.Chrome]
Seen = TypeVar("Seen")


def until(
    browser: webdriver.Chrome, look: Callable[[webdriver.Chrome], Seen | None], seconds: float = 60
) -> Seen:
    """What `look` finds on the page once it finds something."""
    found = WebDriverWait(browser, seconds, poll_frequency=0.05).until(look)
    assert found is not None
    return found


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


def line_of(row: WebElement) -> int:
    return int(row.find_element(By.TAG_NAME, "td").text)


@contextmanager
def window(browser: webdriver.Chrome, width: int) -> Iterator[None]:
    """A window of another width; under 600 it is a phone's."""
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    yield
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@contextmanager
def media(browser: webdriver.Chrome, *, scheme: str = "", kind: str = "") -> Iterator[None]:
    """Another colour scheme (light, dark) or kind of medium (print)."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": features})
    yield
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
