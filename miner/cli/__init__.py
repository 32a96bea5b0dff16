"""The command line: parse, call one library function, render.

A command is a module of this package with a function `command`; only the one called is imported.
"""

from __future__ import annotations

import functools
import importlib
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import typer

from miner.errors import MinerError

COMMANDS = {
    "sample": "Write a small help-centre corpus with queries to try things on.",
    "build-index": "Encode a corpus into an index.",
    "info": "Show what an index holds.",
    "verify": "Check every byte of an index.",
    "mine": "Mine hard negatives for queries.",
    "explain": "Show for one query why each candidate was kept or dropped.",
    "calibrate": "Fit the risk of false negatives to your own queries.",
    "audit": "Measure what share of mined negatives is wrong.",
    "relabel": "Judge the negatives of existing rows, and make what answers relevant.",
    "review": "Decide on negatives in a page of your own browser.",
    "validate": "Check a file against Cohere's rules.",
    "report": "Write a page to look at a data set.",
    "split": "Split into train and evaluation files that leak nothing.",
    "clean": "Clean the texts of a corpus or of queries.",
    "convert": "Convert to and from other training formats.",
    "train": "Fine-tune a reranker on mined data.",
    "evaluate": "Judge a reranker before and after.",
    "rerank": "Rank documents for queries with a model.",
    "serve": "Answer Cohere's client on your own machine.",
}


def application(arguments: Sequence[str]) -> typer.Typer:
    """The app that answers `arguments`: the command named first is loaded, the others are only listed."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="Mine hard negatives that you can trust.",
        epilog="'miner COMMAND --help' tells more.",
    )
    app.callback(invoke_without_command=True)(_top)
    chosen = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, summary in COMMANDS.items():
        if name == chosen:
            module = importlib.import_module(f"miner.cli.{name.replace('-', '_')}")
            app.command(name)(_guarded(module.command))
        else:
            app.command(name, help=summary)(_listed)
    return app


def main() -> None:
    """Run the command line; every expected failure is one line on stderr and an exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    application(sys.argv[1:])(prog_name="miner")


def _guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        from miner.cli.console import complain

        try:
            return command(*args, **kwargs)
        except MinerError as error:
            complain(str(error))
            raise SystemExit(error.exit_code) from None
        except KeyboardInterrupt:
            complain("interrupted; nothing half-written was left, run the same command to continue")
            raise SystemExit(130) from None
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(1) from None
        except OSError as error:
            complain(f"{error.filename or 'the system'}: {error.strerror or error}")
            raise SystemExit(1) from None

    return run


def _listed() -> None:
    """Stand for a command that was not called."""


def _top(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        from miner.version import __version__

        typer.echo(__version__)
        raise typer.Exit


def _terminated(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
