"""miner audit"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from miner.cli.console import safe, say, show_json, show_text

if TYPE_CHECKING:
    from miner.judgments import Pair, Verdict


def command(
    mined: Annotated[Path, typer.Argument(help="Mined rows, JSONL; receipts beside them are used.")],
    k: Annotated[int, typer.Option("-k", min=0, help="Negatives to judge; 0 for all.")] = 100,
    seed: Annotated[int, typer.Option(help="Seeds the draw.")] = 0,
    judgments: Annotated[
        Path | None, typer.Option(help="Take answers from this JSONL or qrels-like TSV file; asks nobody.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="Take the opinion of this cross-encoder: a folder or hub name.")
    ] = None,
    judge_margin: Annotated[
        float, typer.Option(help="How far below the relevant passages' median score still counts, relative.")
    ] = 0.0,
    target: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Wanted rate: tells the cap that would reach it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    merge: Annotated[
        Path | None, typer.Option(help="Instead: add the false negatives found to these queries, JSONL.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where --merge writes.")] = None,
) -> None:
    """Measure what share of mined negatives is wrong. Asks you in the terminal; continues where you stopped.

    Answers are kept in FILE.judgments.jsonl, confirmed false negatives in FILE.suggested_positives.jsonl.
    """
    from miner.errors import ConfigError

    if (merge is None) != (output is None):
        raise ConfigError("--merge QUERIES and -o NEW_QUERIES go together; found one without the other")
    if judgments is not None and judge is not None:
        raise ConfigError("answers come from --judgments or from --judge; found both")
    if merge is not None and output is not None:
        _merge(mined, merge, output)
        return
    _audit(mined, k, seed, _Judge(mined, judgments, judge, judge_margin), target, as_json)


class _Judge:
    """Who answers: a person, a file or a model."""

    def __init__(self, mined: Path, file: Path | None, model: str | None, margin: float) -> None:
        self.mined, self.file, self.model, self.margin = mined, file, model, margin

    @property
    def name(self) -> str:
        if self.model is not None:
            return f"the model {self.model}"
        return "a person" if self.file is None else f"the judgments in {self.file}"

    def answers(self, pairs: Sequence[Pair]) -> list[Verdict | None]:
        from miner.auditing.model import opinion
        from miner.errors import ConfigError
        from miner.formats.cohere import companion
        from miner.judgments import JUDGMENTS, read_judgments
        from miner.models.cross_encoder import CrossEncoderScorer

        if self.model is not None:
            return list(opinion(pairs, CrossEncoderScorer(self.model), self.margin))
        ledger = companion(self.mined, JUDGMENTS)
        if self.file is None and sys.stdin.isatty() and sys.stderr.isatty():
            return _asked(pairs, ledger)
        if self.file is None and not ledger.is_file():
            raise ConfigError("no terminal to ask in; expected one, or --judgments FILE, or --judge MODEL")
        known = read_judgments(self.file or ledger)
        found = [known.find(pair) for pair in pairs]
        return [judgment.verdict if judgment else None for judgment in found]


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


def _audit(mined: Path, k: int, seed: int, judge: _Judge, target: float | None, as_json: bool) -> None:
    from miner.auditing import Audit, draw, read_population, stratify
    from miner.cli.audit_text import render

    population = read_population(mined, seed)
    strata = stratify(population)
    draws = draw(strata, k)
    pairs = population.pairs([member for _, member in draws])
    answers = judge.answers(pairs)
    audit = Audit.of(population, strata, draws, answers, judge.name, judge.model is not None)
    if judge.model is None:
        _suggest(mined, [(pair, answer == "answers") for pair, answer in zip(pairs, answers, strict=True)])
    if as_json:
        show_json(audit.record(target))
    else:
        show_text(render(audit, target))


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
