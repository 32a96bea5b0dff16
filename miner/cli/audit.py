"""miner audit"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import gave_json, safe, say, show_text
from miner.cli.judges import (
    BudgetOption,
    JudgeOption,
    JudgingOptions,
    MaxCallsOption,
    PriceOption,
    PromptOption,
    YesOption,
    judgments_beside,
)
from miner.cli.reading import ColumnsOption, EncodingOption, read_options, say_passed_over

if TYPE_CHECKING:
    from miner.auditing import Audit
    from miner.judgments import Pair, Verdict


def command(
    mined: Annotated[Path, typer.Argument(help="Mined rows, JSONL; receipts beside them are used.")],
    k: Annotated[int, typer.Option("-k", min=0, help="Negatives to judge; 0 for all.")] = 100,
    seed: Annotated[int, typer.Option(help="Seeds the draw.")] = 0,
    judgments: Annotated[
        Path | None, typer.Option(help="Take answers from this JSONL or qrels-like TSV file; asks nobody.")
    ] = None,
    complete: Annotated[
        bool,
        typer.Option("--complete", help="What --judgments does not name of a query that it knows is a no."),
    ] = False,
    judge: JudgeOption = None,
    judged: Annotated[
        int, typer.Option(min=1, help="Negatives that --judge judges; people's answers are among them.")
    ] = 1000,
    prompt: PromptOption = None,
    max_calls: MaxCallsOption = None,
    budget: BudgetOption = None,
    price: PriceOption = None,
    yes: YesOption = False,
    target: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Wanted rate: tells the cap that would reach it.")
    ] = None,
    merge: Annotated[
        Path | None, typer.Option(help="Instead: add the false negatives found to these queries, JSONL.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where --merge writes.")] = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Measure what share of mined negatives is wrong. Asks you in the terminal; continues where you stopped.

    Answers are kept in FILE.judgments.jsonl, confirmed false negatives in FILE.suggested_positives.jsonl.
    """
    from miner.cli.audit_text import render
    from miner.cli.outputs import check_output
    from miner.cli.rows import cohere_rows
    from miner.errors import ConfigError

    if (merge is None) != (output is None):
        raise ConfigError("--merge QUERIES and -o NEW_QUERIES go together; found one without the other")
    if complete and judgments is None:
        raise ConfigError("--complete says that a file names all that answers; expected --judgments FILE")
    if judgments is not None and judge:
        raise ConfigError("answers come from --judgments or from --judge; found both")
    check_output(output, inputs=[mined, merge])
    if merge is not None and output is not None:
        _merge(mined, merge, output)
        return
    options = JudgingOptions.of(
        judge, prompt=prompt, max_calls=max_calls, budget=budget, price=price, yes=yes
    )
    reading = read_options(columns, encoding)
    with cohere_rows(mined, reading) as rows:
        sample = _Sample(mined, rows, k, seed, judged if options.judges else 0)
        audit = sample.by_judge(options) if options.judges else sample.by_people(judgments, complete)
    say_passed_over(reading.notes)
    if not gave_json(lambda: audit.record(target)):
        show_text(render(audit, target))


class _Sample:
    """The negatives drawn: the first k for people, more for a judge."""

    def __init__(self, mined: Path, rows: Path, k: int, seed: int, judged: int) -> None:
        from miner.auditing import draw, read_population, stratify

        self.mined, self.k = mined, k
        self.population = read_population(rows, seed)
        self.strata = stratify(self.population)
        self.draws = draw(self.strata, max(k, judged) if k else 0)
        self.pairs = self.population.pairs([member for _, member in self.draws])

    @property
    def store(self) -> Path:
        return judgments_beside(self.mined)

    def by_people(self, file: Path | None, complete: bool) -> Audit:
        """Answers of a person, or of a file."""
        name = "a person" if file is None else f"the judgments in {file}"
        verdicts = self._from(file, complete) if file else self._from_person()
        audit = self._audit(verdicts, name, False)
        if file is not None and not complete and not audit.total("no") and audit.total("unanswered"):
            say(
                f"{safe(str(file))} names no passage that does not answer; if it names all that do: --complete"
            )
        _suggest(self.mined, [(p, v == "answers") for p, v in zip(self.pairs, verdicts, strict=True)])
        return audit

    def by_judge(self, options: JudgingOptions) -> Audit:
        """A judge's opinion of the whole draw; with enough answers by people among them, a measured rate."""
        from miner.auditing.assisted import FEWEST, assisted, strata_of
        from miner.judgments import PERSON

        panel = options.panel(self.store)
        with options.consent():
            for each in panel.judges:
                panel.ask(each, self.pairs)
        said = [panel.said(panel.judges[-1], pair) for pair in self.pairs]
        judge: list[Verdict | None] = [found.verdict if found else None for found in said]
        told = [panel.store.book.find(pair, PERSON) for pair in self.pairs]
        people: list[Verdict | None] = [found.verdict if found else None for found in told]
        name = f"the judge {options.judges[-1]}"
        if sum(verdict in ("answers", "no") for verdict in people) < FEWEST:
            return self._audit(judge, name, True)
        sizes = [len(stratum.members) for stratum in self.strata]
        rate = assisted(strata_of(sizes, self.draws, people, judge))
        asked = [i for i, verdict in enumerate(people) if verdict is not None]
        audit = self._audit([people[i] for i in asked], f"a person, with {name}", False, asked)
        return replace(audit, assisted=rate)

    def _audit(
        self,
        verdicts: Sequence[Verdict | None],
        name: str,
        is_model: bool,
        places: Sequence[int] | None = None,
    ) -> Audit:
        from miner.auditing import Audit

        draws = self.draws if places is None else [self.draws[i] for i in places]
        return Audit.of(self.population, self.strata, draws, verdicts, name, is_model)

    def _from(self, file: Path, complete: bool) -> list[Verdict | None]:
        from miner.judging import FileJudge

        said = {pair.key: o.verdict for pair, o in FileJudge(str(file), complete).opinions(self.pairs)}
        return [said.get(pair.key) for pair in self.pairs]

    def _from_person(self) -> list[Verdict | None]:
        from miner.errors import ConfigError

        if sys.stdin.isatty() and sys.stderr.isatty():
            return _asked(self.pairs, self.store)
        if not self.store.is_file():
            raise ConfigError("no terminal to ask in; expected one, or --judgments FILE, or --judge JUDGE")
        return self._from(self.store, False)


def _asked(pairs: Sequence[Pair], path: Path) -> list[Verdict | None]:
    from miner.auditing.interview import interview
    from miner.cli.interview_terminal import TerminalInterview
    from miner.judgments import PERSON, JudgmentStore

    store = JudgmentStore(path)
    if any(store.book.find(pair, PERSON) is None for pair in pairs):
        with TerminalInterview() as terminal:
            interview(pairs, store, terminal.ask)
    found = [store.book.find(pair, PERSON) for pair in pairs]
    return [judgment.verdict if judgment else None for judgment in found]


def _suggest(mined: Path, judged: Sequence[tuple[Pair, bool]]) -> None:
    from miner.auditing.suggest import SUGGESTED, write_suggestions
    from miner.formats.cohere import companion

    path = companion(mined, SUGGESTED)
    if count := write_suggestions(path, judged):
        say(f"{safe(str(path))}: {count:,} confirmed false negatives")


def _merge(mined: Path, queries: Path, output: Path) -> None:
    from miner.auditing.suggest import SUGGESTED, merge
    from miner.formats.cohere import companion

    merged = merge(queries, companion(mined, SUGGESTED), output)
    say(f"wrote {safe(str(output))}: {merged.added:,} relevant passages added, {merged.known:,} known before")
    if merged.released:
        say(f"{merged.released:,} of them were hard negatives of their query and are so no longer")
    if merged.strange:
        say(f"{merged.strange:,} left out: {safe(str(queries))} does not have their query")
