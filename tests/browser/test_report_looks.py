"""The report on a phone, in the dark, on paper, and for those who cannot see it."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.browser.browsing import Open, media, window

pytestmark = pytest.mark.browser

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


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_nothing_is_wider_than_the_window(page: Path, opened: Open, width: int) -> None:
    browser = opened(page)
    with window(browser, width):
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_light_and_dark_differ_and_text_stands_out_in_both(page: Path, opened: Open) -> None:
    browser = opened(page)
    papers = set()
    for scheme in ("light", "dark"):
        with media(browser, scheme=scheme):
            papers.add(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
            assert browser.execute_script(CONTRAST) == []
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
    with media(browser, kind="print"):
        assert browser.find_element(By.ID, "validation").is_displayed()
        assert not browser.find_element(By.CSS_SELECTOR, ".controls").is_displayed()


def test_a_phone_sees_the_answer_first_and_the_rest_folded(page: Path, opened: Open) -> None:
    browser = opened(page)
    with window(browser, 390):
        browser.refresh()
        folds = browser.find_elements(By.CSS_SELECTOR, "#training .fold")
        assert folds
        assert {fold.get_attribute("open") for fold in folds} == {None}
        assert browser.find_element(By.CSS_SELECTOR, "#training .verdict").is_displayed()
        browser.find_element(By.CSS_SELECTOR, "#training nav a[href='#training-rows']").click()
        assert browser.find_element(By.CSS_SELECTOR, "#training-rows .controls").is_displayed()
    browser.refresh()
    assert browser.find_element(By.CSS_SELECTOR, "#training-checks .fold").get_attribute("open")
