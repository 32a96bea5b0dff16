"""From options to judges, for the commands that ask them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import opening, say
from miner.progress import count_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from miner.endpoints import CallPlan
    from miner.judging import Panel
    from miner.judgments.known import KnownJudgments

JudgeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--judge",
        help="Who judges: openai(model='…'), cohere(model='…'), cross_encoder(model='…'), function(path='…'), "
        "file(path='…') or person(); each may have max_calls=, trial=, and budget= by price=. Repeat it: the next "
        "sees what the first leaves doubtful.",
    ),
]
JudgmentsOption = Annotated[
    Path | None,
    typer.Option(
        help="Judgments to go by and to add to, JSONL. [default: FILE.judgments.jsonl if it is there]"
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Tell how many calls and tokens it would take; ask nobody.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Send texts to a service without asking first.")]


def panel_of(judges: Sequence[str] | None, store: Path) -> Panel:
    """The judges that are spelt, with their store. Raises ConfigError for one that is spelt wrongly or twice."""
    from miner.cli.person import TerminalJudge
    from miner.judging import Panel, parse_judge
    from miner.judging.mine_judged import check_panel
    from miner.judgments import JudgmentStore

    found = [parse_judge(text, {TerminalJudge.name: TerminalJudge}) for text in judges or ()]
    check_panel(found)
    return Panel(found, JudgmentStore(store))


def consent(yes: bool) -> AbstractContextManager[None]:
    """Within it what is sent to a service is announced, and asked for in a terminal."""
    from miner.endpoints import ask_in_terminal, asking

    ask = ask_in_terminal(yes)

    def announced(plan: CallPlan) -> None:
        opening.end()
        ask(plan)

    return asking(announced)


def judgments_for(given: Path | None, file: Path) -> Path | None:
    """The file of judgments that is named, or that lies beside a file; None where neither is."""
    beside = judgments_beside(file)
    return given or (beside if beside.is_file() else None)


def known_judgments(given: Path | None, file: Path) -> KnownJudgments | None:
    """The judgments that are named, or those beside a file if there are any; said aloud."""
    from miner.judgments.known import KnownJudgments

    path = judgments_for(given, file)
    if path is None:
        return None
    known = KnownJudgments.of(path)
    say(f"{count_of(len(known.book), 'judgment')} in {path}")
    return known


def judgments_beside(file: Path) -> Path:
    """FILE.judgments.jsonl of a file, or judgments.jsonl in a folder."""
    from miner.formats.cohere import companion
    from miner.judgments import JUDGMENTS

    return file / JUDGMENTS if file.is_dir() else companion(file, JUDGMENTS)


def show_plans(plans: Sequence[tuple[str, int, CallPlan | None]]) -> None:
    """What a dry run found out."""
    for name, pairs, plan in plans:
        say(f"{name}: about {count_of(pairs, 'pair')}")
        if plan is not None:
            say(f"  {plan.text()}")
    say("nothing was asked (--dry-run)")
