"""miner mine --judge"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miner.cli.console import say, terminal
from miner.cli.judges import show_plans
from miner.progress import count_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miner.data import Query
    from miner.index import Index
    from miner.judging import Panel
    from miner.judging.mine_judged import JudgedMining
    from miner.mining.recipe import Recipe


@dataclass(frozen=True)
class JudgedWork:
    """What is mined with judges; the encoder by its name, or that of the index."""

    queries: Sequence[Query]
    indexes: Sequence[Index]
    recipe: Recipe
    panel: Panel
    encoder: str | None

    def plan(self) -> None:
        """Say what it would take."""
        from miner.judging.mine_judged import plan_judging
        from miner.progress import Clock

        given: Any = {"encoder": self.encoder, "clock": Clock(terminal())}
        show_plans(plan_judging(self.queries, self.indexes, self.recipe, self.panel, **given))

    def run(self, output: Path, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Mine and write; the record of the run, with what judging did. Raises what mine_judged raises."""
        from miner.auditing.suggest import SUGGESTED, write_suggestions
        from miner.formats.cohere import companion
        from miner.judging.mine_judged import mine_judged
        from miner.progress import Clock

        given: Any = {"encoder": self.encoder, "clock": Clock(terminal())}
        mined, told = mine_judged(self.queries, self.indexes, self.recipe, self.panel, **given)
        record = mined.write(output, {**arguments, "judging": told.record()})
        say(judging_summary(told, self.panel.store.path))
        suggested = companion(output, SUGGESTED)
        if count := write_suggestions(suggested, told.answers):
            say(f"{suggested}: {count_of(count, 'passage that was', 'passages that were')} judged to answer")
        return record


def judging_summary(told: JudgedMining, store: Path) -> str:
    """What the judges are worth, and what they were asked."""
    lines = [trial.text() for trial in told.trials]
    lines.append(
        f"{count_of(told.asked, 'pair')} judged now, {told.asked / max(told.queries, 1):.1f} a query; "
        f"candidates of {told.asked_about:,} of {count_of(told.queries, 'query')} were put to a judge; kept in {store}"
    )
    if told.left:
        lines.append(
            f"{count_of(told.left, 'query')} could still change: max_calls or the budget of a judge was reached"
        )
    return "\n".join(lines) + "\n"
