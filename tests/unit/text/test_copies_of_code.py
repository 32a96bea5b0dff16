"""In code every name counts: the same lines around another call are no copy, a snippet within a page is one."""

from __future__ import annotations

import pytest

from miner.text.fold import fold
from miner.text.match import Match, MatchRequest, match
from miner.text.near_copies import NearCopies

NEAR = NearCopies()


def caught(candidate: str, relevant: str) -> bool:
    return bool(match(MatchRequest("?", [candidate], [relevant]), NEAR)[0] != Match.NONE)


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
    assert fold("<p>The pear is <b>ripe</b>.</p><script>track()</script>") == fold("The pear is ripe.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("if ripe and sweet:\n    eat(pear)", "if ripe or sweet:\n    eat(pear)"),
        ("for i in range(1, n):\n    print(i)", "for i in range(1, n + 1):\n    print(i)"),
        ("if (a == b) {\n  go();\n}", "if (a != b) {\n  go();\n}"),
        ("flags = flags | MASK;\nstore(REG, flags);", "flags = flags & MASK;\nstore(REG, flags);"),
        (
            "void reset(struct counter *c) {\n    clear(c);\n}",
            "void reset(struct counter c) {\n    clear(c);\n}",
        ),
        ("gate.lock()\ndefer gate.unlock()\nsum += one", "gate.lock()\ngate.unlock()\nsum += one"),
        ('parts = split(r"\\s", line)', 'parts = split(r"\\S", line)'),
        ('found = search(r"<a.*>", page)', 'found = search(r"<a.*?>", page)'),
        ("count = i++;\nshow(count);", "count = ++i;\nshow(count);"),
        ("mine rows.jsonl -v\nshow rows.jsonl", "mine rows.jsonl -V\nshow rows.jsonl"),
        (
            "SELECT grower, SUM(crates) AS whole\nFROM harvest\nGROUP BY grower\nORDER BY whole",
            "SELECT grower, SUM(crates) AS whole\nFROM harvest\nGROUP BY grower\nHAVING SUM(crates) > 9\n"
            "ORDER BY whole",
        ),
        ("install -r needed.txt\nstart", "install -r needed-later.txt\nstart"),
    ],
)
def test_in_code_no_word_and_no_sign_is_style(one: str, other: str) -> None:
    for change in (str, lambda code: fenced(code, "Do it like this, whatever else you have read about it:")):
        assert not caught(change(one), change(other))
        assert not caught(change(other), change(one))
        assert fold(change(one)) != fold(change(other))


SHORT = 'def short(title):\n    title = title.lower().strip()\n    return title.replace(" ", "-")'


@pytest.mark.parametrize(
    "copy",
    [
        SHORT.replace("    ", "\t"),
        SHORT.replace("\n", "\r\n"),
        SHORT.replace('"', "'"),
        SHORT.replace("strip()", "strip()  # no spaces at the ends"),
        SHORT.replace("\n    return", "\n    # then the dashes\n    return"),
        SHORT.replace("\n", "\n\n"),
        "\n".join(f">>> {line}" for line in SHORT.splitlines()),
        f"```python\n{SHORT}\n```",
        f"~~~\n{SHORT}\n~~~",
        f"<pre><code>{SHORT}</code></pre>",
    ],
)
def test_style_comments_and_fences_of_code_say_nothing(copy: str) -> None:
    assert caught(copy, SHORT)
    assert caught(SHORT, copy)


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
