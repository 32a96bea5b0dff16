"""What happens to a passage that stays the same: presentation, typing errors, excerpts. Each takes the sentences
of a passage and some strange ones of its script, and gives a text, or None where the script has no such change.
"""

from __future__ import annotations

import html
import random
import re
import textwrap
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import partial

Transform = Callable[[Sequence[str], Sequence[str]], str | None]
PRESENTATION: dict[str, Transform] = {}
TYPOS: dict[str, Transform] = {}
EXCERPTS: dict[str, Transform] = {}


def _plain(change: Callable[[str], str | None]) -> Transform:
    return lambda sentences, strange: change(" ".join(sentences))


def _add(table: dict[str, Transform], **changes: Callable[[str], str | None]) -> None:
    table.update({name: _plain(change) for name, change in changes.items()})


def _each_word(change: Callable[[str], str], every: int, first: int = 1) -> Callable[[str], str]:
    def changed(text: str) -> str:
        words = text.split(" ")
        return " ".join(change(word) if i % every == first else word for i, word in enumerate(words))

    return changed


def _letters(word: str) -> bool:
    return len(word) > 5 and all(unicodedata.category(c) in ("Ll", "Lu") for c in word)


def _latin(change: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda text: change(text) if re.search("[A-Za-z]{3}", text) else None


def _changed(change: Callable[[str], str | None]) -> Callable[[str], str | None]:
    """None where nothing is there to change."""

    def found(text: str) -> str | None:
        new = change(text)
        return None if new == text else new

    return found


def _translated(table: Mapping[str, str], most: int | None = None) -> Callable[[str], str]:
    def changed(text: str) -> str:
        out, left = list[str](), len(text) if most is None else most
        for character in text:
            swap = left > 0 and character in table
            out.append(table[character] if swap else character)
            left -= swap
        return "".join(out)

    return changed


_FULL = {chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)}
_BOLD = {
    chr(start + i): chr(bold + i)
    for start, bold in ((ord("a"), 0x1D41A), (ord("A"), 0x1D400))
    for i in range(26)
}
_ALIKE = dict(zip("aceopxyi", "асеорхуі", strict=True))
_ALIKE_BACK = dict(zip("асеорху", "aceopxy", strict=True))
_DIGITS = {str(i): chr(0x0966 + i) for i in range(10)}
_TAGS = "\u200b"


def _inside(mark: str, every: int = 3) -> Callable[[str], str]:
    return _each_word(
        lambda w: w[:2] + mark + w[2:] if len(w) > 4 and not unicodedata.combining(w[2]) else w, every
    )


def _hyphenated(text: str) -> str:
    return _each_word(lambda w: w[:4] + "-\n" + w[4:] if len(w) > 7 and w.isalpha() else w, 2)(text)


def _ligatures(text: str) -> str:
    return text.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("fl", "ﬂ").replace("ff", "ﬀ")


def _unaccented(text: str) -> str | None:
    apart = unicodedata.normalize("NFD", text)
    if re.search("[\u0900-\u0dff]", text):
        return None
    return unicodedata.normalize("NFC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))


def _cased(change: Callable[[str], str]) -> Callable[[str], str | None]:
    return _changed(change)


_add(
    PRESENTATION,
    upper=_cased(str.upper),
    lower=_cased(str.lower),
    title=_cased(lambda t: " ".join(w[:1].upper() + w[1:] for w in t.split(" "))),
    double_spaces=lambda t: t.replace(" ", "  "),
    wrapped=lambda t: textwrap.fill(t, 40),
    tabs=lambda t: t.replace(" ", "\t"),
    no_break_spaces=lambda t: t.replace(" ", "\u00a0"),
    ideographic_spaces=lambda t: t.replace(" ", "\u3000"),
    thin_spaces=lambda t: t.replace(" ", "\u2009"),
    crlf=lambda t: textwrap.fill(t, 50).replace("\n", "\r\n"),
    nbsp_entities=lambda t: t.replace(" ", "&nbsp;"),
    escaped=lambda t: _changed(html.escape)(t.replace("and", "&").replace("और", "&")),
    escaped_twice=lambda t: html.escape(html.escape(f'"{t}"')),
    numeric_entities=lambda t: "".join(f"&#{ord(c)};" if i % 7 == 3 else c for i, c in enumerate(t)),
    hex_entities=lambda t: "".join(f"&#x{ord(c):x};" if i % 9 == 3 else c for i, c in enumerate(t)),
    paragraph_tag=lambda t: f"<p class='body'>{t}</p>",
    bold_tags=_each_word(lambda w: f"<b>{w}</b>", 5),
    tag_within_word=_each_word(lambda w: f"<em>{w[:1]}</em>{w[1:]}", 4),
    links_on_words=_each_word(lambda w: f'<a href="https://example.org/{len(w)}?a=1&b=2">{w}</a>', 4),
    spans_everywhere=_each_word(lambda w: f'<span style="color:red">{w}</span>', 2),
    line_breaks=lambda t: t.replace(". ", ".<br/>"),
    table_cells=lambda t: "<table><tr><td>" + t.replace(". ", ".</td><td>") + "</td></tr></table>",
    html_comment=lambda t: f"<!-- updated 2021 -->{t}<!-- end -->",
    script_tag=lambda t: f"<script>var x = 1;</script>{t}",
    markdown_bold=_each_word(lambda w: f"**{w}**", 6),
    markdown_italics=_each_word(lambda w: f"_{w}_", 6),
    markdown_links=_each_word(lambda w: f"[{w}](https://example.org/page)", 5),
    markdown_code=_each_word(lambda w: f"`{w}`", 7),
    heading=lambda t: f"## {t}",
    quoted_block=lambda t: "\n".join(f"> {line}" for line in textwrap.wrap(t, 60)),
    fenced=lambda t: f"```text\n{t}\n```",
    decomposed=_changed(partial(unicodedata.normalize, "NFD")),
    compatibility_decomposed=_changed(partial(unicodedata.normalize, "NFKD")),
    full_width=_latin(_translated(_FULL)),
    mathematical_bold=_latin(_translated(_BOLD)),
    ligatures=_changed(_ligatures),
    zero_width_spaces=_inside("\u200b"),
    word_joiners=_inside("\u2060"),
    soft_hyphens=_inside("\u00ad"),
    zero_width_joiners=_inside("\u200d"),
    byte_order_mark=lambda t: "\ufeff" + t,
    direction_marks=lambda t: "\u202a" + t.replace(" ", " \u200e") + "\u202c",
    hangul_fillers=lambda t: t.replace(" ", " \u3164"),
    variation_selectors=_inside("\ufe0f"),
    grapheme_joiners=_inside("\u034f"),
    invisible_tags=lambda t: t + "".join(chr(0xE0000 + ord(c)) for c in "copy"),
    curly_quotes=lambda t: "“" + t.replace("'", "’") + "”",
    other_dashes=lambda t: t.replace(", ", " – "),
    no_final_points=lambda t: t.replace(". ", " ").replace("। ", " ").rstrip(".।"),
    no_commas=_changed(lambda t: t.replace(", ", " ")),
    semicolons=_changed(lambda t: t.replace(", ", "; ")),
    ellipses=lambda t: f"... {t} ...",
    exclamations=lambda t: t.replace(". ", "! ").replace("। ", "! "),
    brackets=lambda t: f"({t})",
    citations=lambda t: t.replace(". ", ".[12] ").replace("। ", "।[12] "),
    hyphenated_lines=_changed(_hyphenated),
    one_lookalike=_latin(_changed(_translated(_ALIKE, 1))),
    lookalikes=_latin(_changed(_each_word(_translated(_ALIKE, 1), 3))),
    latin_lookalike=lambda t: _translated(_ALIKE_BACK, 1)(t) if re.search("[а-я]{4}", t) else None,
    unaccented=_changed(_unaccented),
    native_digits=_translated(_DIGITS),
    grouped_numbers=_changed(lambda t: t.replace("120,000", "120 000")),
    ungrouped_numbers=_changed(lambda t: t.replace("120,000", "120000")),
    underlined=lambda t: f"{t}\n{'=' * 20}",
    table_row=lambda t: f"| {t} |",
    bullets_of_other_sort=lambda t: "• " + t.replace(". ", ".\n• ").replace("। ", "।\n• "),
)
PRESENTATION |= {
    "bullets": lambda sentences, _: "\n".join(f"- {each}" for each in sentences),
    "numbered": lambda sentences, _: "\n".join(f"{i}. {each}" for i, each in enumerate(sentences, 1)),
    "paragraphs": lambda sentences, _: "\n\n".join(sentences),
    "backwards": lambda sentences, _: " ".join(reversed(sentences)),
    "rotated": lambda sentences, _: " ".join([*sentences[1:], sentences[0]]),
    "said_twice": lambda sentences, _: " ".join([*sentences, *sentences]),
    "head": lambda sentences, _: "Home » Travel » Harbours\n" + " ".join(sentences),
    "foot": lambda sentences, _: " ".join(sentences) + "\n© 2021 Velmora Media. All rights reserved.",
    "head_and_foot": lambda s, _: f"Skip to content. Menu.\n{' '.join(s)}\nShare this page. Terms of use.",
}


def _one_word(change: Callable[[str], str], count: int = 1) -> Callable[[str], str | None]:
    """One long lower-case word changed, in a third of the words each."""

    def changed(text: str) -> str | None:
        words = text.split(" ")
        places = [i for i, word in enumerate(words) if _letters(word) and word.islower()]
        drawn = random.Random(len(text)).sample(places, min(count, len(places)))
        for i in drawn:
            words[i] = change(words[i])
        return " ".join(words) if drawn else None

    return changed


def _swapped(word: str) -> str:
    place = next((i for i in range(2, len(word) - 1) if word[i] != word[i + 1]), 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


_BESIDE = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioppsdfghjkllxcvbnmm", strict=True))


def _hit_beside(word: str) -> str:
    place = next((i for i in range(2, len(word) - 1) if word[i] in "rtpsdfghjklcvbn"), None)
    return word if place is None else word[:place] + _BESIDE[word[place]] + word[place + 1 :]


_BRITISH = (("harbour", "harbor"), ("travellers", "travelers"), ("number", "numbers"))
_add(
    TYPOS,
    swapped_letters=_one_word(_swapped),
    letter_left_out=_one_word(lambda w: w[:3] + w[4:]),
    letter_doubled=_one_word(lambda w: w[:3] + w[2:]),
    hit_beside=_latin(_changed(lambda t: _one_word(_hit_beside)(t))),
    two_errors=_one_word(_swapped, 2),
    space_missing=lambda t: (
        re.sub(r"(\w{4}) (\w{4})", r"\1\2", t, count=1) if re.search(r"\w{4} \w{4}", t) else None
    ),
    space_within=_one_word(lambda w: w[:3] + " " + w[3:]),
    word_twice=_each_word(lambda w: w, 1),
    articles_dropped=_latin(_changed(lambda t: re.sub(r"\b[Tt]he ", "", t))),
    other_spelling=_latin(
        _changed(lambda t: t.replace("harbour", "harbor").replace("travellers", "travelers"))
    ),
    other_number=_latin(
        _changed(lambda t: t.replace("ticket costs", "tickets cost").replace("Boats", "Boat"))
    ),
    other_tense=_latin(_changed(lambda t: t.replace("opened", "opens").replace("reinforced", "reinforce"))),
    contraction=_latin(_changed(lambda t: t.replace("doesn't", "does not"))),
    currency=_latin(_changed(lambda t: t.replace("3.50 dollars", "$3.50"))),
    misread_letter=_latin(_changed(lambda t: t.replace("terminal", "termina1"))),
    ampersand=_latin(_changed(lambda t: t.replace(" and ", " & "))),
)
TYPOS["word_twice"] = _plain(
    lambda t: " ".join(w + " " + w if i == 3 else w for i, w in enumerate(t.split(" ")))
)


def _window(start: float, stop: float) -> Transform:
    def cut(sentences: Sequence[str], strange: Sequence[str]) -> str:
        words = " ".join(sentences).split(" ")
        return " ".join(words[int(start * len(words)) : int(stop * len(words))])

    return cut


def _long(change: Transform, least: int = 3) -> Transform:
    return lambda sentences, strange: change(sentences, strange) if len(sentences) >= least else None


EXCERPTS |= {
    "first_part": _window(0, 0.6),
    "last_part": _window(0.4, 1),
    "middle": _window(0.2, 0.8),
    "cut_short": lambda s, _: " ".join(s)[: int(0.8 * len(" ".join(s)))],
    "cut_with_ellipsis": lambda s, _: " ".join(s)[: int(0.7 * len(" ".join(s)))] + "…",
    "sentence_dropped": _long(lambda s, _: " ".join([*s[:1], *s[2:]])),
    "two_dropped": _long(lambda s, _: " ".join([s[0], *s[3:]]), 5),
    "sentence_put_in": _long(lambda s, strange: " ".join([*s[:2], strange[0], *s[2:]])),
    "begins_with_it": lambda s, strange: " ".join([*s, *strange]),
    "ends_with_it": lambda s, strange: " ".join([*strange, *s]),
    "stands_among": lambda s, strange: " ".join([*strange, *s, *strange[::-1]]),
    "window_before": _long(lambda s, strange: " ".join([*strange, *s[: len(s) // 2 + 1]])),
    "window_behind": _long(lambda s, strange: " ".join([*s[len(s) // 2 - 1 :], *strange])),
    "typo_and_head": lambda s, _: (typo := TYPOS["swapped_letters"](s, _)) and f"Read more:\n{typo}",
    "tags_and_excerpt": lambda s, strange: f"<div>{EXCERPTS['first_part'](s, strange)}</div>",
    "entities_among": lambda s, strange: " ".join([*strange, *s]).replace(" ", "&nbsp;"),
}
