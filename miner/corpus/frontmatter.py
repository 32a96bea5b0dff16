"""The YAML between two lines of ---, or the TOML between two of +++, at the top of a document."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from miner.corpus.notes import Notes
from miner.errors import InputError

MAX_FRONT_MATTER = 64 * 2**10
_FENCED = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"(?m)^[\w-]+[ \t]*:(?:[ \t]|$)")
_TITLE = re.compile(r"(?m)^title[ \t]*:[ \t]*(.*?)[ \t]*\r?$")


def split_front_matter(text: str, path: Path, notes: Notes) -> tuple[str, int]:
    """The title that the front matter gives ('' without one), and where the body starts.

    Fenced text that is not a mapping is part of the body. Fields that cannot be read are noted and cost nothing but
    themselves: a title alone on its line is taken as it stands.
    """
    if toml := _TOML.match(text, 0, MAX_FRONT_MATTER):
        return _toml_title(toml[1], path, notes), toml.end()
    found = _FENCED.match(text, 0, MAX_FRONT_MATTER)
    if found is None:
        return "", 0
    try:
        fields = _parse(found[1], path)
    except InputError as error:
        if not _FIELD.search(found[1]) and not notes.strict:
            return "", 0
        notes.passed_over(path, error.line, error.message)
        line = _TITLE.search(found[1])
        return (" ".join(line[1].strip("\"'").split()) if line else ""), found.end()
    if not isinstance(fields, dict):
        return "", 0
    return _title(fields, path, notes), found.end()


def _title(fields: dict[str, Any], path: Path, notes: Notes) -> str:
    title = fields.get("title", "")
    if not isinstance(title, str):
        notes.passed_over(path, 1, "the front matter's title is not text")
        return ""
    return " ".join(title.split())


def _toml_title(source: str, path: Path, notes: Notes) -> str:
    try:
        return _title(tomllib.loads(source), path, notes)
    except tomllib.TOMLDecodeError as error:
        notes.passed_over(path, 1, f"the front matter is not valid TOML ({error})")
        return ""


def _parse(source: str, path: Path) -> Any:
    """With the base loader: mappings, lists and strings, no tags, merges or objects."""
    import yaml

    try:
        return yaml.load(source, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "special characters are not allowed"
        line = 1 if mark is None else mark.line + 2
        raise InputError(path, line, f"the front matter is not valid YAML ({problem})") from None
    except (ValueError, RecursionError):
        raise InputError(path, 1, "the front matter is not valid YAML") from None
