"""Counts in words."""

from __future__ import annotations

import re

_Y = re.compile(r"(?<=[^aeiou])y$")


def count_of(count: int, one: str, several: str = "") -> str:
    """'1 query', '2,000 queries'; '1 row has' and '2 rows have' by both forms."""
    return f"{count:,} {one if count == 1 else several or plural(one)}"


def plural(noun: str) -> str:
    """The regular one: rows, queries."""
    return _Y.sub("ie", noun) + "s"


def singular(noun: str) -> str:
    """Of a regular one: row, query."""
    return f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("s")
