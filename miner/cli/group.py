"""Commands that are loaded when they are called, with the options that all of them have."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NoReturn, get_args

import typer

from miner.cli.plain import PlainCommand, PlainGroup
from miner.cli.spared import WITHOUT_PANDAS, spare_pandas
from miner.errors import ConfigError, MinerError
from miner.progress import halt

OWN_TALK = ("serve",)
"""Commands whose standard error is a log, which says itself that they start."""
OWN_OUTPUT = ("rerank", "review", "sample", "serve")
"""Commands without --json: their output is rows, files or answers, and no report."""
WORDS = {int: "N", float: "X", Path: "PATH", str: "TEXT"}
"""What help calls the value of an option, by its type."""
INTERRUPTED = "interrupted; nothing half-written was left, run the same command to continue"
MAY_BE_EMPTY = ("--query-prompt", "--document-prompt")
"""Options for which an empty text means something: no prompt."""
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors and results.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result to stdout as JSON.")]


class Group(PlainGroup):
    """Lists stand-ins, and puts the command itself in the place of the one that is called. `help COMMAND` is
    `COMMAND --help`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] == "help":
            if args[1:] in ([], ["help"]):
                typer.echo(ctx.get_help())
                raise typer.Exit
            args = [args[1], "--help"]
        if not ctx.resilient_parsing:
            guarded(check_words, args)
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed and guarded(load, listed.name or ""), rest


def check_words(words: list[str]) -> None:
    """Raise ConfigError for an empty word, such as a variable of a script that is not set. As a path it would be the
    current folder."""
    for before, word in pairwise(words):
        option, equals, value = word.partition("=")
        named = option if equals and option.startswith("--") else before
        if not (value if named == option else word) and named not in MAY_BE_EMPTY:
            raise ConfigError(f"an empty text follows {named!r}; expected a value")


def load(name: str) -> Any:
    """The command of this name, as typer makes it of its module's function `command`."""
    if name in WITHOUT_PANDAS:
        spare_pandas()
    function = importlib.import_module(f"miner.cli.{name.replace('-', '_')}").command
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    run = _run(name, function)
    app.command(name, cls=PlainCommand)(run)
    command: Any = typer.main.get_command(app)
    parameters = inspect.signature(run).parameters.values()
    command.kinds = {each.name: get_args(each.annotation)[0] for each in parameters}
    return command


def _run(name: str, command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with --quiet and, if it reports, --json; that it runs is said at once, and expected failures end
    it in one line."""

    @functools.wraps(command)
    def run(*args: Any, quiet: bool, as_json: bool = False, **kwargs: Any) -> Any:
        from miner.cli.console import manner, opening

        manner.quiet, manner.as_json = quiet, as_json
        with nullcontext() if quiet or name in OWN_TALK else opening.of(name):
            return guarded(command, *args, **kwargs)

    signature = inspect.signature(command, eval_str=True)
    for parameter in signature.parameters.values():
        _named(parameter)
    shared = {"quiet": Quiet, **({"as_json": Json} if name not in OWN_OUTPUT else {})}
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in shared.items()
    ]
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *added])  # type: ignore[attr-defined]
    run.__annotations__ = {**command.__annotations__, **shared}
    return run


def _named(parameter: inspect.Parameter) -> None:
    """Gives an argument its name in capitals, as the texts of help call it, and an option a word for its value."""
    kind, info = get_args(parameter.annotation)[:2]
    if isinstance(info, typer.models.ArgumentInfo):
        info.metavar = parameter.name.upper()
    else:
        info.metavar = info.metavar or next((w for t, w in WORDS.items() if t in _within(kind)), None)


def _within(kind: Any) -> Iterator[Any]:
    """A type and those that it is made of."""
    yield kind
    for each in get_args(kind):
        yield from _within(each)


def guarded(command: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What the command returns; expected failures end it in one line with their exit code."""
    try:
        return command(*args, **kwargs)
    except KeyboardInterrupt as stopped:
        _end(str(stopped) or INTERRUPTED, 130)
    except Exception as error:
        if halt.told:
            _end(INTERRUPTED, 130)
        if isinstance(error, MinerError):
            _end(str(error), error.exit_code)
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()
            raise SystemExit(1) from None
        if isinstance(error, OSError):
            _end(f"{error.filename or 'the system'}: {error.strerror or error}", 1)
        raise


def _end(text: str, code: int) -> NoReturn:
    from miner.cli.console import complain

    complain(text)
    raise SystemExit(code) from None
