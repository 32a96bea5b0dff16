"""The report as one HTML page that needs nothing but itself and trusts no text it shows."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

from miner.errors import require
from miner.progress import count_of
from miner.reporting.tab import TITLES, Tab

if TYPE_CHECKING:
    from jinja2 import Environment

UNSEEN = (
    (0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x061C, 0x061C), (0x180E, 0x180E),
    (0x200B, 0x200B), (0x200E, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
)  # fmt: skip
"""Shown by their code: controls, direction overrides, zero width. Not joiners, which scripts need."""
_UNSEEN = re.compile(f"[{''.join(f'{chr(a)}-{chr(b)}' for a, b in UNSEEN)}]")


def environment() -> Environment:
    """Templates with autoescape, and the filters `visible`, `number`, `percent`, `count_of` and `embedded`.

    `_preview.html` in it has the macro `preview(preview)`, for other pages too. Raises MissingExtra.
    """
    require("jinja2", extra="report", purpose="the report")
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("miner.reporting", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = {"visible": visible, "embedded": embedded, "number": number, "percent": percent}
    found.filters |= words | {"count_of": count_of}
    return found


def render(tabs: Sequence[Tab]) -> str:
    """The page; the same tabs give the same bytes."""
    from markupsafe import Markup

    style, script = asset("report.css"), asset("report.js")
    return (
        environment()
        .get_template("page.html")
        .render(
            tabs=tabs,
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            policy=policy(style, script),
            data={"unseen": UNSEEN, "tables": {tab.key: tab.table for tab in tabs}},
            statistics={key: None for key in TITLES} | {tab.key: tab.part for tab in tabs},
        )
    )


def policy(style: str, script: str) -> str:
    """A Content-Security-Policy that lets this style sheet and this script in, and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def asset(name: str) -> str:
    return files("miner.reporting").joinpath(name).read_text("utf-8")


def embedded(value: Any) -> Any:
    """JSON that no HTML parser can see an end, a tag or an entity in."""
    from markupsafe import Markup

    text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def visible(text: str) -> Any:
    """The text escaped, characters that nobody would see shown by their code point."""
    from markupsafe import Markup, escape

    marked, end = Markup(), 0
    for match in _UNSEEN.finditer(text):
        code = Markup('<span class="code">U+{:04X}</span>').format(ord(match.group()))
        marked += escape(text[end : match.start()]) + code
        end = match.end()
    return marked + escape(text[end:])


def number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
