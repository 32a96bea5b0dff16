"""Headless Chromium, or a reason why there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from miner.reporting.report import examine_files
from tests.browser.browsing import Open, log
from tests.support.mined_files import made_rows, write_mined

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
    "--force-prefers-reduced-motion",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """One browser for all tests; with MINER_REQUIRE_BROWSER set, none is a failure."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        reason = "needs Chromium and chromedriver (Debian: chromium, chromium-driver)"
        if os.environ.get("MINER_REQUIRE_BROWSER"):
            pytest.fail(f"MINER_REQUIRE_BROWSER is set, and the test {reason}")
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for switch in SWITCHES:
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()


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


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("mined")
    rows = made_rows(280)
    rows[99]["hard_negatives"][0] = rows[99]["relevant_passages"][0]
    return (
        write_mined(folder / "train.jsonl", rows),
        write_mined(folder / "eval.jsonl", made_rows(70, seed=9), run=False),
    )


@pytest.fixture(scope="session")
def page(files: tuple[Path, Path]) -> Path:
    path = files[0].with_name("page.html")
    examine_files(*files).write(path)
    return path
