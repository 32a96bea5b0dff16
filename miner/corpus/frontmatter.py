"""The YAML between two lines of --- at the top of a document."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from miner.errors import InputError

MAX_FRONT_MATTER = 64 * 2**10
_FENCED = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def split_front_matter(text: str, path: Path) -> tuple[str, int]:
    """The title that the front matter gives ('' without one), and where the body starts.

    Fenced text that is not a YAML mapping is part of the body. Raises InputError for YAML that cannot
    be read and for a title that is not a scalar.
    """
    found = _FENCED.match(text, 0, MAX_FRONT_MATTER)
    if found is None:
        return "", 0
    fields = _parse(found[1], path)
    if not isinstance(fields, dict):
        return "", 0
    title = fields.get("title", "")
    if not isinstance(title, str):
        raise InputError(path, 1, "the front matter's title is not text")
    return " ".join(title.split()), found.end()


def _parse(source: str, path: Path) -> Any:
    """With the base loader: mappings, lists and strings, no tags, merges or objects."""
    import yaml

    try:
        return yaml.load(source, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "special characters are not allowed"
        line = 1 if mark is None else mark.line + 2
        raise InputError(path, line, f"the front matter is not valid YAML ({problem})") from None
    except (ValueError, RecursionError):
        raise InputError(path, 1, "the front matter is not valid YAML") from None
