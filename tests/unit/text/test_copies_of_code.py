"""In code every name counts: the same lines around another call are no copy, a snippet within a page is one."""

from __future__ import annotations

import pytest

from miner.text.copies import Copies, Weighed, judge_copy
from miner.text.frequencies import Frequencies
from miner.text.tokens import TokenLine, key

NONE = Frequencies.none()


def caught(candidate: str, relevant: str) -> bool:
    a, b = Weighed(TokenLine(candidate), NONE), Weighed(TokenLine(relevant), NONE)
    return key(candidate) == key(relevant) or judge_copy(a, b, Copies()).copy


def fenced(code: str, before: str = "", after: str = "") -> str:
    return f"{before}\n\n```python\n{code}\n```\n\n{after}".strip()


def stock(*fruits: str) -> str:
    return "\n".join(
        f'    {{"fruit": "{fruit}", "colours": ["{fruit} green", "dark {fruit}"]}},' for fruit in fruits
    )


STOCK = f"shelf = Shelf([\n{stock('pear', 'plum', 'quince')}\n])\n"
SUMMED = STOCK + "shelf.total(lambda each: len(each.colours))"
SORTED = (
    f"shelf = Shelf([\n{stock('quince', 'pear', 'plum')}\n])\n"
    "ordered = shelf.sort_by(lambda each, place: rank(each.fruit, place))\n\n"
    f"# [\n{stock('pear', 'plum', 'quince')}\n# ]"
)
FETCHED = """client = Client("https://example.org")
client.get("/harvest/2020", timeout=3)"""
KEPT = "What comes back is kept for a day by the client, under its address, so that asking again costs nothing at all."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (fenced(SORTED), fenced(SUMMED)),
        (SORTED, SUMMED),
        (
            fenced(SORTED),
            fenced(SUMMED, after="The sum of an empty shelf is nothing, and no error is raised for it."),
        ),
        (
            fenced(FETCHED, after=KEPT),
            fenced(FETCHED + "\n    .retried()"),
        ),
        (
            fenced('Post.create(\n    title="Harvest of the year",\n    body=text,\n    author=me,\n)'),
            fenced(
                'Post.create(\n    title="Harvest of the year",\n    theme=Theme("plum", dark=True),\n'
                "    body=text,\n    author=me,\n)"
            ),
        ),
        (
            "A file is loaded from the store by its name, and the headers are those of the second argument.\n\n"
            '```js\nstore.download("pears.csv");\n\nstore.download("pears.csv", headers);\n```',
            "A file is loaded from the store by its name, and the headers are those of the second argument.\n\n"
            f"```js\nreply().download(place);\n\nreply().download(place, headers);\n```\n\n{KEPT}",
        ),
    ],
    ids=["call", "no fence", "described", "goes on", "argument", "receiver"],
)
def test_the_same_lines_around_another_call_are_no_copy(one: str, other: str) -> None:
    assert not caught(one, other)
    assert not caught(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('<input type="email" name="who">', '<input type="password" name="who">'),
        (
            "<script>\nconst flow = useFlow({ first: greeting });\n</script>\n<p>{flow.text}</p>",
            "<script>\nconst flow = useFlow();\nflow.stop();\n</script>\n<p>{flow.text}</p>",
        ),
    ],
    ids=["attribute", "script"],
)
def test_tags_in_a_fence_are_what_it_shows(one: str, other: str) -> None:
    assert not caught(f"```html\n{one}\n```", f"```html\n{other}\n```")


def test_tags_around_text_say_nothing() -> None:
    assert key("<p>The pear is <b>ripe</b>.</p><script>track()</script>") == key("The pear is ripe.")


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        (fenced(SORTED), fenced(SORTED, "A shelf is brought in order like this:", "Ties stay as they were.")),
        (SORTED.partition("{")[2], fenced(SORTED)),
        (
            fenced(
                STOCK,
                after="A shelf keeps its crates in the order in which they came, and never sorts them unasked.",
            ),
            "A shelf keeps its crates in the order in which they came, and never sorts them unasked.\n\n"
            + fenced(FETCHED),
        ),
    ],
    ids=["snippet", "cut", "prose between other code"],
)
def test_what_quotes_the_whole_is_a_copy(part: str, whole: str) -> None:
    assert caught(part, whole)
    assert caught(whole, part)


RULE = "The field must hold a date that the calendar of the office knows"


@pytest.mark.parametrize(
    "condition",
    [
        "if another field is filled in as well",
        "unless it was left empty by a member of the office",
        "before it is stored",
    ],
)
def test_what_holds_under_a_condition_is_no_copy_of_what_always_holds(condition: str) -> None:
    assert not caught(f"{RULE} {condition}.", f"{RULE}.")
    assert not caught(f"{RULE}.", f"{RULE} {condition}.")
    assert caught(f"{RULE}. It may be typed by hand.", f"{RULE}.")


def test_a_sentence_that_ends_a_page_and_goes_on_in_another_is_no_window() -> None:
    sentence = "You can learn more about pruning by reading the long guide of the garden"
    page = f"The trees stand in four rows behind the house, and are cut back in winter. {sentence}."
    assert not caught(f"{sentence} club in Tarnow.", page)
    assert caught(f"{sentence}. It costs nothing.", page)
