"""Pages of the site that are written by the code itself: commands from their help, the rest from docstrings."""

from __future__ import annotations

import ast
import html
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECTIONS = {
    "The steps": "build_index open_index info verify read_queries read_corpus mine explain calibrate validate report",
    "Further steps": "audit review mine_judged relabel split clean convert compare train evaluate rerank serve",
    "Beside them": "sample load_encoder read_judgments read_calibration mine_hard_negatives",
}
"""Functions of the page on Python, in this order; everything else follows under 'Types'."""


def on_files(files: Any, config: Any) -> Any:
    """Called by mkdocs: adds the generated pages."""
    from mkdocs.structure.files import File

    for name, text in pages():
        files.append(File.generated(config, name, content=text))
    return files


def pages() -> Iterator[tuple[str, str]]:
    """Names and Markdown of the generated pages."""
    from miner.endpoints import EMBEDDINGS
    from miner.filters import FILTERS
    from miner.judging import JUDGES
    from miner.mining.teachers import TEACHERS
    from miner.search.search import METHODS
    from miner.selectors import SELECTORS

    yield "reference/commands.md", commands()
    yield "reference/python.md", python()
    kept = "Which of the kept candidates become negatives."
    found = "How candidates are found."
    yield "reference/filters.md", specs("Filters", "--filter", "Which candidates may be negatives.", FILTERS)
    yield "reference/selectors.md", specs("Selectors", "--select", kept, SELECTORS)
    yield "reference/search.md", specs("Search methods", "--search", found, METHODS)
    yield "reference/judges.md", specs("Judges", "--judge", "Who decides where the risk cannot.", JUDGES)
    scored = "What scores query and passage; also a judge, by what it says, or a bare folder or hub name."
    yield "reference/teachers.md", specs("Teachers", "--teacher", scored, TEACHERS)
    yield "reference/encoders.md", encoders(EMBEDDINGS)


def commands() -> str:
    """A section a command: usage, what it does, arguments and options."""
    from miner.cli import COMMANDS
    from miner.cli.group import load

    listed = "\n".join(f"| [`miner {name}`](#{name}) | {text} |" for name, text in COMMANDS.items())
    parts = [f"# Commands\nStandard output is data, standard error is talk.\n\n| | |\n|---|---|\n{listed}\n"]
    for name in COMMANDS:
        command = load(name)
        usage = " ".join(
            ["miner", name, "[OPTIONS]", *(p.name.upper() for p in command.params if _is_argument(p))]
        )
        rows = "\n".join(map(_option, command.params))
        head = f"## {name} {{#{name}}}\n{command.help}\n\n```text\n{usage}\n```\n"
        parts.append(f"{head}\n| | | default |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _option(param: Any) -> str:
    names = param.name.upper() if _is_argument(param) else ", ".join(f"`{name}`" for name in param.opts)
    default = param.default
    shown = "" if default in (None, False) or callable(default) or param.required else f"`{default}`"
    return f"| {names} | {html.escape((param.help or '').replace('|', '/'), quote=False)} | {shown} |"


def specs(title: str, option: str, summary: str, table: Mapping[str, type]) -> str:
    """A section for each class of a table of specs, with its options; what its file says of the method once."""
    parts = [f"# {title}\n{summary} On the command line: `{option} 'name(option=value)'`.\n"]
    told: set[str] = set()
    for name, cls in table.items():
        source = (
            "" if cls.__module__ in told else _linked(importlib.import_module(cls.__module__).__doc__ or "")
        )
        told.add(cls.__module__)
        parts.append(
            f"::: {cls.__module__}.{cls.__qualname__}\n    options:\n      heading: {name}()\n\n{source}\n"
        )
    return "\n".join(parts)


def _linked(text: str) -> str:
    """Pages and papers that a docstring names, as links."""
    text = re.sub(r"docs/([\w-]+)\.md", r"[the page on \1](../\1.md)", text)
    return re.sub(r"arXiv (\d{4}\.\d{5})", r"[arXiv \1](https://arxiv.org/abs/\1)", text)


def encoders(services: Mapping[str, Any]) -> str:
    """What --encoder takes: models on this machine by their runtime, services by their spelling."""
    from miner.encoders.load import BACKENDS

    parts = ["# Encoders\nA folder or a name of the hub, by `--encoder`; what computes it, by `--backend`.\n"]
    parts += [
        f"::: {place.replace(':', '.')}\n    options:\n      heading: {n}\n" for n, place in BACKENDS.items()
    ]
    shown = specs("Services", "--encoder", "Embeddings over an API.", services)
    return "\n".join([*parts, f"#{shown}"])


def python() -> str:
    """Every public name, from where it lives."""
    lives = dict(_public())
    parts = ["# Python\nEvery name here is a name of `miner`, and is imported when it is used.\n"]
    for section, names in SECTIONS.items():
        parts.append(f"## {section}\n" + "\n".join(_member(lives.pop(name)) for name in names.split()))
    parts.append("## Types\n" + "\n".join(map(_member, lives.values())))
    return "\n".join(parts)


def _member(path: str) -> str:
    return f"::: {path}\n    options:\n      heading_level: 3\n"


def _public() -> Iterator[tuple[str, str]]:
    tree = ast.parse((ROOT / "miner" / "__init__.pyi").read_text())
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module != "version":
            module = importlib.import_module(f"miner.{node.module}")
            for alias in node.names:
                found = getattr(module, alias.name)
                yield alias.name, f"{found.__module__}.{found.__qualname__}"
