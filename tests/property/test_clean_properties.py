"""Cleaning twice is cleaning once, nothing is emptied, and no text can break it."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from miner.cleaning import NAMES, STEPS, Cleaner
from miner.cleaning.boilerplate import without

PIECES = [
    *(
        "<b>",
        "</b>",
        "<p>",
        "</p>",
        "<br>",
        "<li>",
        "<pre>",
        "<code>",
        "</code>",
        "<!--",
        "-->",
        "<a href='",
        "'>",
        "<",
        ">",
    ),
    *(
        "&",
        "&amp;",
        "lt;",
        "&nbsp;",
        "&#1;",
        "&#xd800;",
        "https://x.example",
        "www.x.example/",
        "a@b.example",
        "(",
        ")",
    ),
    *(
        "[",
        "](",
        "]: ",
        "`",
        "```",
        "~~~",
        "\n",
        "\n\n",
        "\r\n",
        " ",
        "  ",
        "\t",
        "# ",
        "> ",
        "- ",
        "1. ",
        "*",
        "**",
        "_",
        "\\",
    ),
    *(
        "---",
        "===",
        "|",
        "word",
        "two words",
        "Ã©",
        "â€™",
        "\x1b[1m",
        "\u200b",
        "\u202e",
        "\x85",
        "\u2028",
        "é",
        "中文。",
        "\ue0f0",
    ),
]
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.text(max_size=60))
cleaners = st.sets(st.sampled_from([*STEPS]), min_size=1).map(lambda steps: Cleaner(tuple(steps)))


@settings(deadline=None, max_examples=600)
@given(texts, cleaners)
@example("&#xd800;x", Cleaner(("html",)))
def test_cleaning_twice_is_cleaning_once(text: str, cleaner: Cleaner) -> None:
    cleaned = cleaner.trace(text)
    once = cleaned.text
    assert cleaner.clean(once) == once
    assert cleaned.kept != "unsettled"
    assert bool(once.strip()) == bool(text.strip())
    once.encode("utf-8", "surrogatepass" if not text.isprintable() else "strict")


@settings(deadline=None, max_examples=100)
@given(st.lists(texts, min_size=6, max_size=12))
def test_boilerplate_settles_too(many: list[str]) -> None:
    cleaner = Cleaner(NAMES).fit(many)
    for text in many:
        once = cleaner.clean(text)
        assert cleaner.clean(once) == once
        assert bool(once.strip()) == bool(text.strip())


@given(texts)
def test_without_boilerplate_a_text_is_as_it_was(text: str) -> None:
    assert without(text, frozenset()) == text.rstrip()
