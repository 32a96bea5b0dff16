"""What a format carries comes back as it was, through every kind of table."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miner.corpus.columns import Columns
from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.data import Row
from miner.formats import FORMATS, Sourced, format_of
from miner.formats.reading import read_any

TEXTS = st.one_of(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.text(alphabet="'=+-@\t\r\n\",;|\x85\u2028a ", min_size=1, max_size=8),
    st.sampled_from(
        [
            "=1+1",
            "'=x",
            "''@y",
            "\ttab",
            "\rcr",
            "ＡＢ",
            "日本語。",
            "e\u0301",
            "\U0001f468\u200d\U0001f469",
            "[]",
            "null",
        ]
    ),
).filter(str.strip)


@st.composite
def rows(draw: st.DrawFn, negatives: int = 0, most: int = 4) -> list[Row]:
    """Rows of different queries, the texts of each all different, with `negatives` to `most` negatives."""
    made = []
    for query in draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True)):
        texts = draw(st.lists(TEXTS, min_size=1 + negatives, max_size=3 + most, unique=True))
        split = draw(st.integers(max(1, len(texts) - most), len(texts) - negatives))
        made.append(Row(query, tuple(texts[:split]), tuple(texts[split:])))
    return made


SPELLINGS: dict[str, st.SearchStrategy[list[Row]]] = {
    "cohere": rows(),
    "triplet": rows(1),
    "n-tuple(negatives=2)": rows(2, 2),
    "labeled-pair": rows(),
    "labeled-list(anchor='query', passages='docs')": rows(),
    "flag-embedding(prompt='=Judge it.')": rows(),
    "ms-swift": rows(),
    "tevatron": rows(),
    "beir": rows(),
}


def there_and_back(spelling: str, made: list[Row], ending: str) -> None:
    form = format_of(spelling)
    assert all(map(form.carries, made))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data{ending}"
        form.write(path, map(Sourced, made))
        columns = "relevant_passages=docs" if "docs" in spelling else None
        found = [
            row for _, row in read_any(path, ReadOptions(Columns.parse(columns), notes=Notes(strict=True)))
        ]
        assert found == made if ending != ".tsv" else list(map(of_tabs, found)) == list(map(of_tabs, made))


def of_tabs(row: Row) -> Row:
    """What TSV holds of a row: it has no tabs and line breaks inside a text."""

    def held(text: str) -> str:
        return re.sub(r"[\t\r\n]+", " ", text)

    return Row(held(row.query), tuple(map(held, row.relevant_passages)), tuple(map(held, row.hard_negatives)))


def test_every_format_is_tested() -> None:
    assert {type(format_of(spelling)) for spelling in SPELLINGS} == set(FORMATS.values())


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".tsv", ".parquet"])
@pytest.mark.parametrize("spelling", [spelling for spelling in SPELLINGS if spelling != "beir"])
def test_tables_round_trip(spelling: str, ending: str) -> None:
    examples = 6 if ending == ".parquet" else 25
    checked(SPELLINGS[spelling], lambda made: there_and_back(spelling, made, ending), examples)


def test_a_beir_folder_round_trips() -> None:
    checked(SPELLINGS["beir"], lambda made: there_and_back("beir", made, ""))


@pytest.mark.parametrize("spelling", [spelling for spelling in SPELLINGS if spelling != "beir"])
def test_saved_data_sets_round_trip(spelling: str) -> None:
    pytest.importorskip("datasets", reason="needs the extra 'train'")
    checked(SPELLINGS[spelling], lambda made: there_and_back(spelling, made, ""), examples=3)


def checked(
    strategy: st.SearchStrategy[list[Row]], check: Callable[[list[Row]], None], examples: int = 25
) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def run(made: list[Row]) -> None:
        check(made)

    run()
