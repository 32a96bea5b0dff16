"""From a piece of text to its tokens: what is written in several ways gets one."""

from __future__ import annotations

import re

from miner.text.lexicon import MONTHS, SPELT_OUT, UPPER

_YEAR = re.compile(r"(?:1\d|20)\d\d")
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY = r"(\d(?<!\w\d)\d?)(?:st|nd|rd|th)?"
_DAY_AND_YEAR = re.compile(r"\d(?:st|nd|rd|th)?,?\s+\d{4}", re.I)
_DAY_FIRST = re.compile(rf"{_DAY}\s+(?:of\s+)?({_MONTH})\.?,?\s+(\d{{4}})\b", re.I)
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\.?\s+{_DAY},?\s+(\d{{4}})\b", re.I)
_YEAR_FIRST = re.compile(r"(\d{4})(?<![\d/.-]\d{4})([/.-])(\d{1,2})\2(\d{1,2})(?![\d/-]|\.\d)")
_POINTS = re.compile(r"(\d(?<![\d.]\d)\d?)\.(\d{1,2})\.((?:19|20)\d\d)(?![\d.])")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"([-+]?)\s?([$€£¥₹]?)((?:\d|\.\d)[\d.,:/ \u202f']*(?:[eE][+-]?\d+)?)(.*)", re.S)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d{1,3}(?:[ \u202f']\d{3})+(?:[.,]\d+)?")
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹"}
"""Codes of currencies and their signs."""
_WORD = re.compile(r"(.+?)(n't|'s|'m|'re|'ve|'ll|'d|')", re.I)
_PREFIXES = frozenset(
    "pre post non anti sub semi multi inter intra over under micro macro mid self ex co".split()  # noqa: SIM905
)
_VERSION = re.compile(r"v(\d+)", re.I)
_BOUNDARIES = frozenset(',;:()[]{}"—|/、，；：（）؛،')
_HARD = frozenset(".!?…。！？।؟\n\r")


def iso_dates(text: str) -> str:
    """The text with dates that name the month, or begin with the year, as 2020-03-05."""
    if not _YEAR.search(text):
        return text
    text = _DAY_FIRST.sub(lambda m: _date(m[3], MONTHS[m[2].lower()], m[1], m[0]), text)
    if _DAY_AND_YEAR.search(text):
        text = _MONTH_FIRST.sub(lambda m: _date(m[3], MONTHS[m[1].lower()], m[2], m[0]), text)
    text = _YEAR_FIRST.sub(lambda m: _date(m[1], m[3], m[4], m[0]), text)
    return _POINTS.sub(lambda m: _date(m[3], m[2], m[1], m[0]), text)


def _date(year: str, month: str | int, day: str, written: str) -> str:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return written
    return f"{year}-{int(month):02}-{int(day):02}"


def canonical(raw: str) -> list[str]:
    """The tokens of a piece; NUL and the character after it stand for the ends of sentences and of clauses."""
    if raw[0] in _HARD and "=" not in raw:
        return ["\x00"]
    if raw in _BOUNDARIES:
        return ["\x01"]
    if raw[0] == "[":
        return [raw]
    if raw == "-":
        return ["to"]
    if not raw.strip("-"):
        return ["\x01"]
    if raw[0].isdecimal() or (raw[0] in "-+.$€£¥₹" and any(map(str.isdecimal, raw[1:3]))):
        return _number(raw)
    if raw[0] == "-":
        return ["-", *canonical(raw[1:])]
    return _word(raw)


def _number(raw: str) -> list[str]:
    if _ISO.fullmatch(raw):
        return [raw]
    found = _NUMBER.fullmatch(raw)
    assert found is not None
    sign, currency, digits, rest = found.groups()
    digits = digits.strip()
    token = ("-" if sign == "-" else "") + plain_number(digits) + (rest if rest in _ORDINALS else "")
    unit = "" if rest in _ORDINALS else rest.strip()
    return [token, *([currency] if currency else []), *([_unit(unit)] if unit else [])]


_ORDINALS = frozenset({"st", "nd", "rd", "th"})


def plain_number(digits: str) -> str:
    """Without separators of thousands and empty decimals: '1,000.00' is '1000'."""
    digits = digits.rstrip(".,:/")
    if _GROUPED.fullmatch(digits):
        digits = re.sub(r"[, \u202f'](?=\d{3}(?!\d))|,(?=\d\d,)", "", digits)
    elif digits.count(",") == 1 and "." not in digits and ":" not in digits and "/" not in digits:
        digits = digits.replace(",", ".")
    whole, point, rest = digits.partition(".")
    if point and rest and not rest.strip("0"):
        digits = whole
    if digits.startswith("."):
        digits = "0" + digits
    return digits.lower()


def _unit(unit: str) -> str:
    return unit.replace("µ", "μ") if unit.lower() not in ("hz", "khz", "ghz", "kg", "km") else unit.lower()


def _word(raw: str) -> list[str]:
    if len(raw) >= 4 and raw[1] == raw[3] == ".":
        raw = raw.replace(".", "")
    if raw in UPPER:
        return [raw]
    if "'" in raw:
        return _contracted(raw)
    if found := _VERSION.fullmatch(raw):
        return [found[1]]
    if raw[-1] in "+-" and raw[-2:-1].isalnum() and raw.casefold()[:-1] in _PREFIXES:
        raw = raw[:-1]
    word = raw.casefold().strip("_") or raw
    if not word.strip("*"):
        return ["*"]
    if word == "cannot":
        return ["can", "not"]
    return [SPELT_OUT.get(word, word)]


def _contracted(raw: str) -> list[str]:
    """Don't is do not; the endings of it's, we're, they've say nothing."""
    low = raw.casefold()
    if low.endswith("n't"):
        stem = {"wo": "will", "ca": "can", "sha": "shall", "ai": "is"}.get(low[:-3], low[:-3])
        return [stem, "not"]
    parts = low.split("'")
    if len(parts) == 2 and parts[1] in ("s", "m", "re", "ve", "ll", "d"):
        return [SPELT_OUT.get(parts[0], parts[0])]
    return [part for part in parts if part]
