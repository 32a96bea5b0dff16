"""Pages of the site that are written by the code itself: commands from their help, the rest from docstrings."""

from __future__ import annotations

import ast
import html
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECTIONS = {
    "The steps": "build_index open_index info verify read_queries read_corpus mine explain calibrate validate report",
    "Further steps": "audit review mine_judged relabel split clean convert compare train evaluate rerank serve",
    "Beside them": "sample load_encoder read_judgments read_calibration mine_hard_negatives",
}
"""Functions of the page on Python, in this order; everything else follows under 'Types'."""
ENCODERS = """# Encoders
`--encoder` takes a folder, a name of the hub, `hashing` (no model: for tests), or one of the services below; without it
the bundled all-MiniLM-L6-v2 encodes. `--backend` says what computes it. In Python an encoder may also be a
SentenceTransformer, a function, any object with `encode`, or [vectors that you have](../python.md).
"""


def on_config(config: Any) -> Any:
    """Called by mkdocs: puts the pages of the commands under the page that lists them."""
    from miner.cli import COMMANDS

    listed = {"Commands": "reference/commands/index.md"}
    (reference,) = (part["Reference"] for part in config["nav"] if "Reference" in part)
    each = [{f"miner {name}": f"reference/commands/{name}.md"} for name in COMMANDS]
    reference[reference.index(listed)] = {"Commands": ["reference/commands/index.md", *each]}
    return config


def on_files(files: Any, config: Any) -> Any:
    """Called by mkdocs: adds the generated pages."""
    from mkdocs.structure.files import File

    for name, text in pages():
        files.append(File.generated(config, name, content=text))
    return files


def pages() -> Iterator[tuple[str, str]]:
    """Names and Markdown of the generated pages."""
    from miner import Recipe
    from miner.endpoints import EMBEDDINGS
    from miner.filters import FILTERS
    from miner.judging import JUDGES
    from miner.mining.teachers import TEACHERS
    from miner.search.search import METHODS
    from miner.selectors import SELECTORS

    yield from commands()
    yield "reference/python.md", python()
    by_default = Recipe()
    may = f"Which candidates may be negatives; by default `{', '.join(map(repr, by_default.filters))}`. "
    may += "The [guards](../guards.md) come before them and stay."
    kept = f"Which of the kept candidates become negatives; by default `{by_default.select!r}`."
    found = "How candidates are found."
    judged = "Who decides where the risk cannot; beside these `person()`, you in the terminal."
    yield "reference/filters.md", specs("Filters", "--filter", may, FILTERS)
    yield "reference/selectors.md", specs("Selectors", "--select", kept, SELECTORS)
    yield "reference/search.md", specs("Search methods", "--search", found, METHODS)
    yield "reference/judges.md", specs("Judges", "--judge", judged, JUDGES)
    scored = "What scores query and passage; also a judge, by what it says, or a bare folder or hub name."
    yield "reference/teachers.md", specs("Teachers", "--teacher", scored, TEACHERS)
    yield "reference/encoders.md", encoders(EMBEDDINGS)


def commands() -> Iterator[tuple[str, str]]:
    """A page that lists them, and a page each: usage, what it does, arguments and options."""
    from miner.cli import COMMANDS
    from miner.cli.group import load

    listed = "\n".join(f"| [`miner {name}`]({name}.md) | {text} |" for name, text in COMMANDS.items())
    head = "# Commands\nStandard output is data, standard error is talk. `miner help COMMAND` tells the same."
    yield "reference/commands/index.md", f"{head}\n\n| | |\n|---|---|\n{listed}\n"
    for name in COMMANDS:
        command = load(name)
        arguments = [param.name.upper() for param in command.params if _is_argument(param)]
        usage = " ".join(["miner", name, "[OPTIONS]", *arguments])
        rows = "\n".join(map(_option, command.params))
        text = f"# miner {name}\n{command.help}\n\n```text\n{usage}\n```\n\n| | | default |\n|---|---|---|\n{rows}\n"
        yield f"reference/commands/{name}.md", text


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _option(param: Any) -> str:
    value = "" if param.metavar is None else f" {param.metavar}"
    names = param.name.upper() if _is_argument(param) else ", ".join(f"`{n}{value}`" for n in param.opts)
    default = param.default
    shown = (
        "" if default is None or default is False or callable(default) or param.required else f"`{default}`"
    )
    return f"| {names} | {html.escape((param.help or '').replace('|', '/'), quote=False)} | {shown} |"


def specs(title: str, option: str, summary: str, table: Mapping[str, type]) -> str:
    """A section for each class of a table of specs, with its options; what its file says of the method once."""
    parts, told = (
        [f"# {title}\n{summary} On the command line: `{option} 'name(option=value)'`.\n"],
        set[str](),
    )
    for name, cls in table.items():
        source = (
            "" if cls.__module__ in told else _linked(importlib.import_module(cls.__module__).__doc__ or "")
        )
        told.add(cls.__module__)
        rows = "\n".join(map(_field, fields(cls)))
        options = f"| option | type | default |\n|---|---|---|\n{rows}\n" if rows else "It has no options.\n"
        parts.append(f"## {name}()\n{inspect.getdoc(cls)}\n\n{options}\n{source}\n")
    return "\n".join(parts)


def _field(field: Field[Any]) -> str:
    default = "must be given" if field.default is MISSING else f"`{field.default!r}`"
    return f"| `{field.name}` | {str(field.type).replace(' | ', ' or ')} | {default} |"


def _linked(text: str) -> str:
    """Pages and papers that a docstring names, as links."""
    text = re.sub(r"docs/([\w-]+)\.md", r"[the page on \1](../\1.md)", text)
    return re.sub(r"arXiv (\d{4}\.\d{5})", r"[arXiv \1](https://arxiv.org/abs/\1)", text)


def encoders(services: Mapping[str, Any]) -> str:
    """What --encoder takes: models on this machine by their runtime, services by their spelling."""
    from miner.encoders.load import BACKENDS

    parts = [ENCODERS]
    for name, place in BACKENDS.items():
        module, _, cls = place.partition(":")
        found = importlib.import_module(module)
        parts.append(f"## {name}\n{inspect.getdoc(getattr(found, cls))}\n\n{_linked(found.__doc__ or '')}\n")
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
