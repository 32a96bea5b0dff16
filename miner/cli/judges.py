"""From options to judges, for the commands that ask them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miner.cli.console import say

if TYPE_CHECKING:
    from miner.endpoints import CallPlan
    from miner.judging import Judge, Panel
    from miner.judgments import Pair, Verdict
    from miner.judgments.known import KnownJudgments

JudgeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--judge",
        help="Who judges: openai(model='…'), cohere(model='…'), cross_encoder(model='…'), "
        "function(path='…'), file(path='…') or person(). Repeat it: the next sees what the first leaves doubtful.",
    ),
]
JudgmentsOption = Annotated[
    Path | None,
    typer.Option(
        help="Judgments to go by and to add to, JSONL. [default: FILE.judgments.jsonl if it is there]"
    ),
]
PromptOption = Annotated[
    Path | None, typer.Option(help="The question put to language models, in place of miner's.")
]
MaxCallsOption = Annotated[int | None, typer.Option(min=1, help="Judge at most so many pairs.")]
BudgetOption = Annotated[
    float | None, typer.Option(min=0.0, help="Spend at most so much, by --price and estimated tokens.")
]
PriceOption = Annotated[
    str | None, typer.Option(help="Money for a million tokens read and written, as 0.15,0.60.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Tell how many calls and tokens it would take; ask nobody.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Send without asking first.")]
TrialOption = Annotated[
    int, typer.Option(min=0, help="Passages of either kind that try a judge first; 0 trusts it untried.")
]


@dataclass(frozen=True)
class JudgingOptions:
    """What the options say about judging."""

    judges: tuple[str, ...] = ()
    prompt: Path | None = None
    max_calls: int | None = None
    budget: float | None = None
    price: str | None = None
    yes: bool = False

    @classmethod
    def of(cls, judges: Sequence[str] | None, **options: Any) -> JudgingOptions:
        """Raises ConfigError for options that say nothing without others."""
        from miner.errors import ConfigError

        made = cls(tuple(judges or ()), **options)
        if not made.judges and any((made.prompt, made.max_calls, made.budget, made.price)):
            raise ConfigError(
                "--prompt, --max-calls, --budget and --price say how judges are asked; expected --judge"
            )
        if made.budget is not None and made.price is None:
            raise ConfigError("--budget is counted by what tokens cost; expected --price")
        return made

    def panel(self, store: Path) -> Panel:
        """The judges with their store. Raises ConfigError for one that is spelt wrongly or twice."""
        from miner.endpoints import Price
        from miner.judging import Allowance, Panel
        from miner.judging.mine_judged import check_panel
        from miner.judgments import JudgmentStore

        price = None if self.price is None else Price.parse(self.price)
        judges = [self._judge(text) for text in self.judges]
        check_panel(judges)
        return Panel(judges, JudgmentStore(store), Allowance(self.max_calls, self.budget, price))

    def _judge(self, text: str) -> Judge:
        from miner.errors import ConfigError
        from miner.judging import LanguageModelJudge, parse_judge

        if text.strip() in ("person()", "person"):
            return person()
        judge = parse_judge(text)
        if self.prompt is None:
            return judge
        if not isinstance(judge, LanguageModelJudge):
            raise ConfigError(f"--prompt is for language models; {text} is asked no question")
        return replace(judge, prompt=str(self.prompt))

    @contextmanager
    def consent(self) -> Iterator[None]:
        """While the block runs what is sent is announced, and asked for in a terminal."""
        from miner.endpoints import ask_in_terminal, asking

        with asking(ask_in_terminal(self.yes)):
            yield


def person() -> Judge:
    """Whoever sits at the terminal. Raises ConfigError where nobody does."""
    import sys

    from miner.errors import ConfigError
    from miner.judging import PersonJudge

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError("person() asks in a terminal; found none")
    asked = 0

    def ask(pair: Pair) -> Verdict | None:
        from miner.auditing.interview import Question
        from miner.cli.interview_terminal import TerminalInterview

        nonlocal asked
        with TerminalInterview() as terminal:
            reply = terminal.ask(Question(pair, asked, 0))
        asked += 1
        return None if reply in ("quit", "back") else reply  # type: ignore[return-value]

    return PersonJudge(ask)


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
    say(f"{len(known.book):,} judgments in {path}")
    return known


def judgments_beside(file: Path) -> Path:
    """FILE.judgments.jsonl of a file, or judgments.jsonl in a folder."""
    from miner.formats.cohere import companion
    from miner.judgments import JUDGMENTS

    return file / JUDGMENTS if file.is_dir() else companion(file, JUDGMENTS)


def show_plans(plans: Sequence[tuple[str, int, CallPlan | None]]) -> None:
    """What a dry run found out."""
    for name, pairs, plan in plans:
        say(f"{name}: about {pairs:,} pairs")
        if plan is not None:
            say(f"  {plan.text()}")
    say("nothing was asked (--dry-run)")
