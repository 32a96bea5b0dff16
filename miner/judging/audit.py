"""`audit`: what share of mined negatives is wrong, by what people, a file or judges say of a sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from miner.auditing import Audit, draw, read_population, stratify, write_suggestions
from miner.auditing.assisted import FEWEST, assisted, strata_of
from miner.auditing.suggest import SUGGESTED
from miner.errors import ConfigError
from miner.formats.cohere import companion
from miner.judging.panel import Panel
from miner.judging.simple import FileJudge
from miner.judgments import JUDGMENTS, PERSON, JudgmentStore, Pair, Verdict
from miner.storage.paths import as_path, path_if_given

Ask = Callable[[Sequence[Pair], JudgmentStore], object]
"""Asks a person about pairs; the answers go to the store."""


def audit(
    mined: str | Path,
    *,
    k: int = 100,
    seed: int = 0,
    judgments: str | Path | None = None,
    complete: bool = False,
    panel: Panel | None = None,
    judged: int = 1000,
    ask: Ask | None = None,
    rows: Path | None = None,
) -> Audit:
    """Measure what share of the negatives of a mined file is wrong, on a stratified draw of `k` (0: all).

    Answers are taken from the file `judgments`, which with `complete` names all that answers; or from the judges of
    `panel`, about `judged` negatives, joined with people's answers where there are enough; or else from people, whom
    `ask` asks, kept in FILE.judgments.jsonl. What is found to answer goes to FILE.suggested_positives.jsonl, unless
    a judge alone says so. `rows` is the file's content as Cohere's rows, where it is none itself.

    Raises InputError for what the files hold, ConfigError where nobody answers, and what judges raise.
    """
    if not isinstance(k, int) or k < 0:
        raise ConfigError(f"k is {k!r}; expected a whole number, 0 for all")
    file = as_path(mined, "the mined file")
    sample = _Sample(file, rows or file, k, seed, judged if panel else 0)
    if panel is not None:
        return sample.by_judge(panel)
    return sample.by_people(path_if_given(judgments, "the file of judgments"), complete, ask)


class _Sample:
    """The negatives drawn: the first k for people, more for a judge."""

    def __init__(self, mined: Path, rows: Path, k: int, seed: int, judged: int) -> None:
        self.mined = mined
        self.population = read_population(rows, seed)
        self.strata = stratify(self.population)
        self.draws = draw(self.strata, max(k, judged) if k else 0)
        self.pairs = self.population.pairs([member for _, member in self.draws])

    def by_people(self, file: Path | None, complete: bool, ask: Ask | None) -> Audit:
        """Answers of a person, or of a file."""
        name = "a person" if file is None else f"the judgments in {file}"
        verdicts = self._asked(ask) if file is None else self._from(file, complete)
        found = [(pair, verdict == "answers") for pair, verdict in zip(self.pairs, verdicts, strict=True)]
        write_suggestions(companion(self.mined, SUGGESTED), found)
        return self._audit(verdicts, name, False)

    def by_judge(self, panel: Panel) -> Audit:
        """A judge's opinion of the whole draw; with enough answers by people among them, a measured rate."""
        for each in panel.judges:
            panel.ask(each, self.pairs)
        said = [panel.said(panel.judges[-1], pair) for pair in self.pairs]
        judge: list[Verdict | None] = [found.verdict if found else None for found in said]
        told = [panel.store.book.find(pair, PERSON) for pair in self.pairs]
        people: list[Verdict | None] = [found.verdict if found else None for found in told]
        name = f"the judge {panel.judges[-1].by}"
        if sum(verdict in ("answers", "no") for verdict in people) < FEWEST:
            return self._audit(judge, name, True)
        sizes = [len(stratum.members) for stratum in self.strata]
        rate = assisted(strata_of(sizes, self.draws, people, judge))
        asked = [i for i, verdict in enumerate(people) if verdict is not None]
        found = self._audit([people[i] for i in asked], f"a person, with {name}", False, asked)
        return replace(found, assisted=rate)

    def _audit(
        self,
        verdicts: Sequence[Verdict | None],
        name: str,
        is_model: bool,
        places: Sequence[int] | None = None,
    ) -> Audit:
        draws = self.draws if places is None else [self.draws[i] for i in places]
        return Audit.of(self.population, self.strata, draws, verdicts, name, is_model)

    def _from(self, file: Path, complete: bool) -> list[Verdict | None]:
        said = {pair.key: o.verdict for pair, o in FileJudge(str(file), complete).opinions(self.pairs)}
        return [said.get(pair.key) for pair in self.pairs]

    def _asked(self, ask: Ask | None) -> list[Verdict | None]:
        path = companion(self.mined, JUDGMENTS)
        if ask is None:
            if not path.is_file():
                raise ConfigError(
                    "no terminal to ask in; expected one, or --judgments FILE, or --judge JUDGE"
                )
            return self._from(path, False)
        store = JudgmentStore(path)
        if any(store.book.find(pair, PERSON) is None for pair in self.pairs):
            store.check()
            ask(self.pairs, store)
        found = [store.book.find(pair, PERSON) for pair in self.pairs]
        return [judgment.verdict if judgment else None for judgment in found]
