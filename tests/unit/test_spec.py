from __future__ import annotations

import pytest

from miner.errors import ConfigError
from miner.filters import FILTERS, Margin, Rank, SameDocument, Score, parse_filter
from miner.selectors import SELECTORS, Diverse, Sample, Top, parse_selector


@pytest.mark.parametrize(
    "thing",
    [
        Margin(),
        Margin(relative=0.05),
        Margin(absolute=0.1, against="lowest"),
        Rank(first=11, last=50),
        Score(min=-0.5, max=0.75),
        SameDocument(),
    ],
)
def test_a_filter_is_what_its_spelling_says(thing: object) -> None:
    assert parse_filter(repr(thing)) == thing


@pytest.mark.parametrize("thing", [Top(), Sample(width=0.2), Diverse(per_document=2)])
def test_a_selector_is_what_its_spelling_says(thing: object) -> None:
    assert parse_selector(str(thing)) == thing


def test_every_entry_of_the_tables_round_trips_its_defaults() -> None:
    for name, kind in FILTERS.items():
        assert repr(parse_filter(f"{name}()")) == f"{name}()" == repr(kind())
    for name, kind in SELECTORS.items():
        assert repr(parse_selector(name)) == f"{name}()" == repr(kind())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("margn(relative=0.1)", "unknown filter 'margn'; did you mean margin?"),
        ("xyz()", "unknown filter 'xyz'; filters: denoise, margin"),
        (
            "margin(relativ=0.1)",
            "unknown option 'relativ' of filter 'margin(relativ=0.1)'; did you mean relative?",
        ),
        ("margin(relative='x')", "option relative in \"margin(relative='x')\" is 'x'; expected float"),
        ("margin(relative=True)", "expected float"),
        ("margin(relative=__import__('os'))", "is not a plain value"),
        ("margin(0.05)", "expected name(option=value, ...)"),
        ("margin(relative=0.1", "expected name(option=value, ...)"),
        ("margin(**{'relative': 1})", "unknown option"),
        ("", "expected name(option=value, ...)"),
        ("margin(against='best')", "expected one of lowest, median, highest"),
        ("os.system('x')", "expected name(option=value, ...)"),
    ],
)
def test_a_wrong_spec_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_filter(text)
    assert message in str(caught.value)


def test_whole_numbers_are_taken_where_a_float_is_expected() -> None:
    assert parse_filter("margin(absolute=1)") == Margin(absolute=1.0)
