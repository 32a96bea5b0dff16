"""The command line: parse, call one library function, render.

A command is a module of this package with a function `command`; only the one called is imported.
"""

from __future__ import annotations

import typer

from miner.cli.group import Group, guarded
from miner.cli.standard import ready
from miner.progress import halt

COMMANDS = {
    "sample": "Write a small corpus with queries to try things on.",
    "build-index": "Encode a corpus into an index.",
    "info": "Show what an index holds.",
    "verify": "Check every byte of an index.",
    "mine": "Mine hard negatives for queries.",
    "explain": "Show for one query what became of each candidate.",
    "calibrate": "Fit the risk of false negatives to your own queries.",
    "audit": "Measure what share of mined negatives is wrong.",
    "relabel": "Judge the negatives of existing rows.",
    "review": "Decide on negatives in a page.",
    "validate": "Check a file against Cohere's rules.",
    "report": "Write a page to look at a data set.",
    "split": "Split into train and evaluation files that leak nothing.",
    "clean": "Clean the texts of a corpus or of queries.",
    "convert": "Convert to and from other training formats.",
    "compare": "Put two files of negatives side by side.",
    "train": "Fine-tune a reranker on mined data.",
    "evaluate": "Judge a reranker before and after.",
    "rerank": "Rank documents for queries with a model.",
    "serve": "Answer Cohere's client on your own machine.",
}


def application() -> typer.Typer:
    """The app: every command is listed, and the one that is called is loaded."""
    app = typer.Typer(
        cls=Group,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="Mine hard negatives that you can trust.",
        epilog="'miner help COMMAND' tells more; begin with 'miner sample help'.",
    )
    app.callback(invoke_without_command=True)(_top)
    for name, summary in COMMANDS.items():
        app.command(name, help=summary)(_listed)
    return app


def main() -> None:
    """Run the command line; every expected failure is one line on stderr and an exit code."""
    halt.listen()
    ready()
    guarded(lambda: application()(prog_name="miner"))


def _listed() -> None:
    """Stand for a command that was not called."""


def _top(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        from miner.version import __version__

        typer.echo(__version__)
        raise typer.Exit
