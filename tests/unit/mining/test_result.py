"""A result answers: what was mined, what was dropped and why, and the tables that trainers take."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest

from miner import Index, build_index, mine
from miner.data import MinedRow, Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, MissingExtra, install_line
from miner.filters import Margin
from miner.mining import export
from miner.mining.recipe import Recipe
from miner.mining.result import MiningResult

RECIPE = Recipe(n=3, filters=(Margin(relative=0.05),), depth=20)


@pytest.fixture(scope="module")
def index(
    tmp_path_factory: pytest.TempPathFactory, passages: list[Passage], encoder: HashingEncoder
) -> Index:
    return build_index(passages, tmp_path_factory.mktemp("index") / "help", encoder, shard_size=50)


@pytest.fixture(scope="module")
def mined(index: Index, queries: list[Query], encoder: HashingEncoder) -> MiningResult:
    return mine(queries, index, RECIPE, encoder=encoder)


def test_the_repr_is_a_line(mined: MiningResult) -> None:
    assert repr(mined) == f"MiningResult(48 rows, 144 negatives, index={str(mined.index.place)!r})"
    assert len(repr(mined[:3])) < 200


def test_the_page_of_a_notebook_has_counts_and_three_rows_and_escapes(
    index: Index, encoder: HashingEncoder
) -> None:
    rows = [
        {"query": f"<b>{i}</b> renew", "relevant_passages": ["<script> renew your plan"]} for i in range(5)
    ]
    page = mine(rows, index, RECIPE, encoder=encoder)._repr_html_()
    assert page.count("<tr>") == 4
    assert page.count("<li>") == 9
    assert "5 rows, 15 negatives" in page
    assert "2 more rows" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert len(page) < 6_000


def test_rows_by_number_are_those_of_the_iteration(mined: MiningResult) -> None:
    assert [mined[i] for i in range(len(mined))] == list(mined)
    assert mined[-1] == mined[47]
    assert all(isinstance(row, MinedRow) for row in mined)
    for place in (48, -49):
        with pytest.raises(IndexError, match=f"row {place} of a result of 48 rows"):
            mined[place]
    with pytest.raises(ConfigError, match="a row is named by its number"):
        mined[np.array([True, False])]  # type: ignore[call-overload]


def test_a_result_equals_itself_alone(mined: MiningResult) -> None:
    assert mined == mined
    assert mined != mined[:]
    assert len({mined, mined}) == 1


def test_a_row_has_evidence_for_each_mined_negative(index: Index, encoder: HashingEncoder) -> None:
    given = "Nothing about this is known to us at all."
    (row,) = mine(
        [{"query": "renew my plan", "relevant_passages": ["Yes."], "hard_negatives": [given]}],
        index, RECIPE, encoder=encoder,
    )  # fmt: skip
    assert row.hard_negatives == (given, *(negative.text for negative in row.negatives))
    assert len(row.negatives) == 2
    assert row.negatives[0].similarity >= row.negatives[1].similarity
    assert row.negatives[0].rank >= 1


@pytest.mark.parametrize("part", [slice(3, 9), slice(None, None, -7), slice(5, 5)])
def test_a_slice_is_a_result_of_its_own(mined: MiningResult, part: slice, tmp_path: Path) -> None:
    piece = mined[part]
    assert list(piece) == list(mined)[part]
    counts = piece.counts()
    assert counts["rows"] == len(piece)
    assert counts["negatives"] == sum(len(row.hard_negatives) for row in piece)
    assert counts["kept"] + counts["padding"] + sum(counts["rejected"].values()) == counts["candidates"]
    record = piece.write(tmp_path / "piece.jsonl")
    assert record["counts"] == counts
    assert len((tmp_path / "piece.receipts.jsonl").read_bytes().splitlines()) == len(piece)


def test_the_counts_of_slices_add_up(mined: MiningResult) -> None:
    pieces = [mined[:11].counts(), mined[11:].counts()]
    for name in ("rows", "negatives", "candidates", "kept", "padding"):
        assert sum(piece[name] for piece in pieces) == mined.counts()[name]
    rejected = sum((Counter(piece["rejected"]) for piece in pieces), Counter())
    assert rejected == mined.counts()["rejected"]


def test_what_was_rejected_is_told_from_the_same_verdicts(mined: MiningResult) -> None:
    """Over all queries, those whose search was widened among them, the verdicts add up to the counts."""
    assert len({pick.depth for pick in mined.picks}) > 1
    found = Counter(each.verdict for i in range(len(mined)) for each in mined.rejected(i))
    assert found == mined.counts()["rejected"]
    assert found[repr(RECIPE.filters[0])] > 0
    assert found["same_id"] > 0


def test_the_explanation_of_a_row_has_its_negatives(mined: MiningResult) -> None:
    for i in (0, 7, -1):
        chosen = [each for each in mined.explain(i).candidates if each.verdict == "chosen"]
        assert [each.id for each in chosen] == [negative.id for negative in mined[i].negatives]
        assert mined.explain(i).query == mined[i].query


def test_evidence_is_a_line_a_negative(mined: MiningResult) -> None:
    table = mined.to_arrow()
    assert table.num_rows == 144
    assert table.column_names == [
        "row", "query", "negative", "id", "source", "rank", "similarity", "to_relevant", "share", "risk",
        "teacher", "title",
    ]  # fmt: skip
    assert table.column("negative").to_pylist() == [text for row in mined for text in row.hard_negatives]
    assert table.schema.field("rank").type == pa.int64()


def test_training_formats_come_without_a_file(mined: MiningResult) -> None:
    pairs = sum(len(row.relevant_passages) for row in mined)
    assert mined.to_arrow("cohere").num_rows == 48
    assert mined.to_arrow("triplet").num_rows == 3 * pairs
    assert mined.to_arrow("n-tuple").column_names == [
        "anchor",
        "positive",
        *(f"negative_{i}" for i in (1, 2, 3)),
    ]
    assert mined.to_arrow("n-tuple(negatives=2)").num_columns == 4
    assert mined.to_arrow("labeled_list").column("labels")[0].as_py()[-3:] == [0, 0, 0]
    assert (
        mined.to_arrow("flag-embedding").column("neg_scores")[0].as_py()[0]
        == mined[0].negatives[0].similarity
    )


def test_rows_that_a_format_cannot_hold_are_left_out_with_a_warning(mined: MiningResult) -> None:
    with pytest.warns(UserWarning, match=r"48 rows have too few negatives for n-tuple\(negatives=4\)"):
        assert mined.to_arrow("n-tuple(negatives=4)").num_rows == 0


def test_a_dataset_and_a_frame_hold_what_the_table_holds(mined: MiningResult) -> None:
    pytest.importorskip("datasets", reason="the extra 'train' is not installed")
    pytest.importorskip("pandas", reason="the extra 'pandas' is not installed")
    data = mined.to_dataset("triplet")
    assert data.column_names == ["anchor", "positive", "negative"]
    assert data.to_list() == mined.to_arrow("triplet").to_pylist()
    frame = mined.to_pandas()
    assert list(frame.groupby("row").size()) == [3] * 48
    assert frame["similarity"].iloc[0] == mined[0].negatives[0].similarity


@pytest.mark.parametrize(("given", "message"), [
    ("beir", "format 'beir' is no table; expected evidence, cohere, triplet, n_tuple"),
    ("tripplet", "unknown format 'tripplet'; did you mean triplet?"),
])  # fmt: skip
def test_a_format_that_is_no_table_is_named(mined: MiningResult, given: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mined.to_dataset(given)
    assert message in str(caught.value)


@pytest.mark.parametrize(("module", "make", "extra"), [
    ("pandas", export.frame, "pandas"),
    ("datasets", export.dataset, "train"),
])  # fmt: skip
def test_a_missing_package_answers_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, module: str, make: object, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=re.escape(install_line(extra))):
        make(pa.table({"a": [1]}))  # type: ignore[operator]


def test_mining_imports_no_table_library(tmp_path: Path, index: Index) -> None:
    code = (
        "import sys, miner\n"
        "from miner.encoders import HashingEncoder\n"
        f"found = miner.mine([{{'query': 'renew', 'relevant_passages': ['x']}}], miner.open_index({str(index.path)!r}),"
        " encoder=HashingEncoder())\n"
        "repr(found), found._repr_html_(), found.rejected(0)\n"
        "print(sorted({'pandas', 'polars', 'datasets', 'torch', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_report_of_a_result_has_its_rows(mined: MiningResult, tmp_path: Path) -> None:
    found = mined.report().statistics()["training"]
    assert orjson.dumps(found).count(b"48") > 0
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    mined[:5].report(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size > 10_000
