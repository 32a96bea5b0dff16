"""What commands that read people's files have in common: how to read, and what to say of what was passed over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import safe, say

if TYPE_CHECKING:
    from miner.corpus.notes import Notes
    from miner.corpus.options import ReadOptions

LONGEST_NOTE = 300
"""Characters shown of what is said of one line of a file."""

ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        help="What columns mean: 'query=Frage,relevant_passages=Antwort'; '0=id,1=text' by number.",
    ),
]
EncodingOption = Annotated[
    str | None, typer.Option("--encoding", help="Of text without a byte order mark. [default: utf-8]")
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Refuse what cannot be used instead of passing over it.")
]
IncludeOption = Annotated[
    list[str] | None,
    typer.Option("--include", help="Of a folder only such files, as '*.md' or 'guide/'; repeat it."),
]
ExcludeOption = Annotated[
    list[str] | None, typer.Option("--exclude", help="Leave such files of a folder out; repeat it.")
]


def read_options(
    columns: str | None = None,
    encoding: str | None = None,
    strict: bool = False,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
) -> ReadOptions:
    """The options spelt; what people should know at once is said on standard error. Raises ConfigError."""
    from miner.corpus.columns import Columns
    from miner.corpus.notes import Notes
    from miner.corpus.options import ReadOptions

    return ReadOptions(
        columns=Columns.parse(columns),
        encoding=encoding,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        notes=Notes(strict, tell=lambda text: say(safe(text, LONGEST_NOTE))),
    )


def say_passed_over(notes: Notes) -> None:
    """Tell what was passed over, if anything was."""
    for line in notes.lines():
        say(f"  {safe(line, LONGEST_NOTE)}" if line.startswith("  ") else safe(line))
