"""What a language model replied, read leniently, and never read as a "no" that was not said.

Models wrap JSON in prose, in code fences, behind their thoughts, or are cut off in the middle. What can be read
without doubt counts; anything else is "unsure".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from typing import Any

from miner.judgments import VERDICTS, Verdict
from miner.judgments.read import ALIASES

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "mark": {"type": "string"},
        "verdicts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "passage": {"type": "integer"},
                    "verdict": {"type": "string", "enum": list(VERDICTS)},
                },
                "required": ["passage", "verdict"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["mark", "verdicts"],
    "additionalProperties": False,
}
_THOUGHTS = re.compile(r"^\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_FENCED = re.compile(r"```(?:json)?\s*(.*?)(?:```|\Z)", re.DOTALL)
_LINE = re.compile(r"^\W*(?:passage\s*)?(\d+)\s*[:.)=-]+\s*\W*(\w+)\W*$", re.IGNORECASE)
_ITEM = re.compile(r"\{[^{}]*\}")


def read_reply(text: str, count: int, mark: str) -> list[Verdict | None]:
    """A verdict for each of `count` passages; None for those of which the reply says nothing, or two things."""
    text = _THOUGHTS.sub("", text).strip()
    said: dict[int, set[Verdict]] = {}
    for number, verdict in _said(text, count, mark):
        if 1 <= number <= count:
            said.setdefault(number, set()).add(verdict)
    found = (said.get(number, set()) for number in range(1, count + 1))
    return [next(iter(verdicts)) if len(verdicts) == 1 else None for verdicts in found]


def _said(text: str, count: int, mark: str) -> Iterator[tuple[int, Verdict]]:
    body = _json_of(text, mark)
    if body is not None:
        for item in _items(body, mark):
            if (pair := _pair(item)) is not None:
                yield pair
        return
    lines = [_LINE.match(line) for line in text.splitlines() if line.strip()]
    if lines and all(lines):
        for line in lines:
            if line is not None and (verdict := _verdict(line[2])):
                yield int(line[1]), verdict
    elif count == 1 and (verdict := _verdict(text.strip(" \t\n.!\"'*`"))):
        yield 1, verdict


def _json_of(text: str, mark: str) -> str | None:
    """The part of a reply that is its JSON: all of it, what is fenced, or what carries the code in prose."""
    fenced = _FENCED.findall(text)
    if text.startswith(("{", "[")):
        return text
    if len(fenced) == 1 and fenced[0].startswith(("{", "[")):
        return str(fenced[0])
    start = text.find("{")
    return text[start:] if start >= 0 and mark in text[start:] else None


def _items(body: str, mark: str) -> list[Any]:
    try:
        value, _ = JSONDecoder().raw_decode(body)
    except (JSONDecodeError, RecursionError):
        return [] if _foreign(body, mark) else [_loads(item) for item in _ITEM.findall(body)]
    if isinstance(value, dict):
        if value.get("mark", mark) != mark:
            return []
        found = value.get("verdicts", [value])
        return found if isinstance(found, list) else []
    return value if isinstance(value, list) else []


def _foreign(body: str, mark: str) -> bool:
    """Whether a broken reply names a code that is not its own."""
    named = re.search(r'"mark"\s*:\s*"([^"]*)"', body)
    return named is not None and named[1] != mark


def _loads(item: str) -> Any:
    try:
        return JSONDecoder().decode(item)
    except JSONDecodeError:
        return None


def _pair(item: Any) -> tuple[int, Verdict] | None:
    if not isinstance(item, dict):
        return None
    number, verdict = item.get("passage"), _verdict(item.get("verdict"))
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    return (number, verdict) if verdict and type(number) is int else None


def _verdict(word: object) -> Verdict | None:
    if not isinstance(word, str):
        return None
    plain = word.strip().lower()
    plain = ALIASES.get(plain, plain)
    return next((verdict for verdict in VERDICTS if verdict == plain), None)
