"""The page as a file: its numbers, its bytes, what it lets in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from miner.encoders import HashingEncoder
from miner.errors import ConfigError, MissingExtra
from miner.reporting.measure import Gauge
from miner.reporting.page import asset, embedded, environment, policy, visible
from miner.reporting.plots import bars, columns, histograms
from miner.reporting.report import examine_files
from miner.reporting.statistics import Preview, Removal
from tests.support.commandline import call
from tests.support.mined_files import embedded_json, made_rows, write_mined

GAUGE = Gauge("words", HashingEncoder().count_tokens)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("mined")
    return (
        write_mined(folder / "train.jsonl", made_rows(280)),
        write_mined(folder / "eval.jsonl", made_rows(70, seed=9), run=False),
    )


@pytest.fixture(scope="module")
def page(files: tuple[Path, Path]) -> str:
    return examine_files(*files, gauge=GAUGE).html()


def test_the_same_files_give_the_same_bytes(files: tuple[Path, Path], page: str) -> None:
    assert examine_files(*files, gauge=GAUGE).html() == page


def test_without_an_evaluation_file_there_is_no_tab_for_it(files: tuple[Path, Path], page: str) -> None:
    found = examine_files(files[0])
    assert 'id="tab-validation"' in page
    assert 'id="tab-' not in found.html()
    assert found.statistics()["validation"] is None


def test_every_chart_says_what_to_look_for_and_when_to_worry(page: str) -> None:
    charts = page.split("<figure>")[1:]
    assert len(charts) == 9
    for chart in charts:
        sentence = re.search(r'<p class="look">(.*?)</p>', chart)
        assert sentence
        assert "Look for" in sentence[1]
        assert "orry" in sentence[1]


def test_the_words_of_the_rows_are_explained(page: str) -> None:
    legend = page.partition('<dl class="legend">')[2].partition("</dl>")[0]
    assert re.findall("<dt>(.*?)</dt>", legend) == ["sim", "risk", "to relevant", "rank"]


def test_titles_that_the_receipts_hold_reach_the_rows(tmp_path: Path) -> None:
    path = write_mined(tmp_path / "train.jsonl", made_rows(5))
    receipts = tmp_path / "train.receipts.jsonl"
    receipts.write_text(receipts.read_text().replace('"id":"doc', '"title":"A </script> title","id":"doc'))
    table = embedded_json(examine_files(path).html(), "data")["tables"]["training"]
    assert {negative["title"] for row in table for negative in row["negatives"]} == {"A </script> title"}


@pytest.mark.parametrize("text", ["", "\n", '{"query": 1}\n', '{"query": "q", "relevant_passages": ["r"]}\n'])
def test_a_file_with_little_or_nothing_in_it_has_a_page(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text(text)
    assert "few-queries" in examine_files(path, gauge=GAUGE).html()


def test_nothing_of_the_embedded_data_is_markup() -> None:
    value = {"a": "</script><script>alert(1)</script><!--", "b": "\u2028\u2029&amp;", "c": "]]>"}
    text = str(embedded(value))
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_characters_that_nobody_sees_are_shown_by_their_code() -> None:
    found = str(visible("a\u202eb\x1b[31m<b>\u200b&\U000e0041"))
    assert re.findall(r"U\+[0-9A-F]+", found) == ["U+202E", "U+001B", "U+200B", "U+E0041"]
    assert "&lt;b&gt;" in found
    assert "<b>" not in found
    assert str(visible("می\u200cخواهم\n\t👩\u200d🚀")) == "می\u200cخواهم\n\t👩\u200d🚀"


def test_the_policy_lets_in_this_style_and_this_script_alone(page: str) -> None:
    contents = [re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("style", "script")]
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(found.group(1).encode()).digest()).decode()}'"
        for found in contents
        if found
    ]
    stated = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert stated
    said = stated.group(1).replace("&#39;", "'")
    assert said == policy(asset("report.css"), asset("report.js"))
    assert said.startswith("default-src 'none'; ")
    assert f"style-src {hashes[0]}; script-src {hashes[1]}" in said
    assert "unsafe" not in said
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)


def test_the_page_names_nothing_to_load(page: str) -> None:
    attributes = re.findall(r'\s(?:src|href|action|data|srcset|poster)="([^"]*)"', page)
    assert attributes
    assert all(value.startswith("#") for value in attributes)
    assert "url(" not in asset("report.css")
    assert "@import" not in asset("report.css")


def test_plots_have_neither_styles_nor_ids_and_hold_their_numbers() -> None:
    drawn = (
        histograms(((0.0, 0.5, 3), (0.5, 1.0, 4)), ((0.0, 0.5, 1),), label="cosine", limit=0.25),
        columns([(0, 2), (1, 71)], label="hard negatives"),
        bars([Removal("risk(max_risk=0.1) $x$ <b>", 12_345, 0.5)]),
    )
    for svg in drawn:
        root = ElementTree.fromstring(svg)
        for element in root.iter():
            assert not {"style", "id", "href", "clip-path"} & set(element.attrib)
    assert "71" in "".join(ElementTree.fromstring(drawn[1]).itertext())
    assert "12,345 (50.0%)" in drawn[2]
    assert "1. risk(max_risk=0.1) $x$ &lt;b&gt;" in drawn[2]


def test_a_plot_names_every_filter() -> None:
    drawn = bars([Removal(f"filter{i}()", i, 0.01) for i in range(12)])
    assert [i for i in range(12) if f"{i + 1}. filter{i}()" in drawn] == list(range(12))


def test_the_preview_can_stand_on_another_page() -> None:
    sample = {"query": "q", "relevant_passages": ["r"], "hard_negatives": []}
    numbers = Preview("<up>.jsonl", 1234, 1.5, 4.875, (sample,))
    module = environment().get_template("_preview.html").module
    text = str(module.preview(numbers))  # type: ignore[attr-defined]
    for said in (
        "TOTAL # OF QUERIES",
        "AVG # OF RELEVANT PASSAGES PER QUERY",
        "FILE NAME",
        "1,234",
        "1.50",
        "4.88",
    ):
        assert said in text
    assert "&lt;up&gt;.jsonl" in text


def test_without_jinja_the_extra_is_named(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"\breport\b"):
        examine_files(files[1]).html()


def test_the_command_names_a_missing_extra_before_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    rows = write_mined(tmp_path / "rows.jsonl", made_rows(5))
    rows.with_name("rows.receipts.jsonl").write_text("damaged\n")
    done = call(capsys, "report", rows, "-o", tmp_path / "page.html")
    assert done.code == 2
    assert "the report needs packages that are not installed" in done.err


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"\breport\b"):
        columns([(1, 1)], label="hard negatives")


def test_a_missing_file_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        examine_files(tmp_path / "none.jsonl")


def test_the_command_writes_the_page_and_prints_its_numbers(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    done = call(capsys, "report", files[0], "--eval", files[1], "-o", out, "--rows", 10, "--json")
    assert done.code == 0
    assert f"wrote {out}" in done.err
    assert json.loads(done.out) == embedded_json(out.read_text("utf-8"), "statistics")


def test_the_command_leaves_nothing_behind_when_it_fails(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = call(capsys, "report", files[0], "-o", tmp_path / "no" / "\0.html")
    assert done.code != 0
    done = call(capsys, "report", tmp_path / "none.jsonl", "-o", tmp_path / "page.html")
    assert (done.code, done.out) == (2, "")
    assert "no such file" in done.err
    assert list(tmp_path.glob("*.html")) == []
