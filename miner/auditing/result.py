"""What an audit found, as numbers, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miner.auditing.assisted import AssistedRate
from miner.auditing.cap import Cap, Verdicts, reaching
from miner.auditing.estimate import AuditRate, Count, stratified
from miner.auditing.population import Population
from miner.auditing.sample import Stratum
from miner.judgments import Verdict

TOLD: Mapping[Verdict, str] = {"answers": "yes", "no": "no", "partly": "unsure", "unsure": "unsure"}
"""How the answers to "does it answer the query?" are counted."""


@dataclass(frozen=True, slots=True)
class StratumCounts:
    """A stratum with how its drawn negatives were judged."""

    stratum: Stratum
    drawn: int
    yes: int
    no: int
    unsure: int

    def count(self, unsure: str | None = None) -> Count:
        """For the estimate: those unsure left out, or taken for 'yes' or 'no'."""
        judged = self.yes + self.no + (self.unsure if unsure else 0)
        return Count(len(self.stratum.members), judged, self.yes + (self.unsure if unsure == "yes" else 0))

    @property
    def unanswered(self) -> int:
        return self.drawn - self.yes - self.no - self.unsure


@dataclass(frozen=True)
class Audit:
    """The measured rate of false negatives of a mined file."""

    population: Population
    judge: str
    """'a person', 'the judgments in FILE' or 'the model NAME'."""
    is_model: bool
    tallies: Sequence[StratumCounts]
    verdicts: Verdicts
    assisted: AssistedRate | None = None
    """With the help of a judge that judged a larger draw."""

    @classmethod
    def of(
        cls,
        population: Population,
        strata: Sequence[Stratum],
        draws: Sequence[tuple[int, int]],
        verdicts: Sequence[Verdict | None],
        judge: str,
        is_model: bool = False,
    ) -> Audit:
        """Draws and verdicts go in pairs; None stands where there is no answer. What answers partly is as
        little settled as what nobody is sure of."""
        judged = [(d, TOLD[verdict] if verdict else None) for d, verdict in zip(draws, verdicts, strict=True)]
        by_stratum = [[answer for (d, _), answer in judged if d == h] for h in range(len(strata))]
        tallies = [
            StratumCounts(stratum, len(own), own.count("yes"), own.count("no"), own.count("unsure"))
            for stratum, own in zip(strata, by_stratum, strict=True)
        ]
        clear = [(h, m, a == "yes") for (h, m), a in judged if a in ("yes", "no")]
        clear_ones = Verdicts(
            np.array([h for h, _, _ in clear], np.int64),
            population.scores[np.array([member for _, member, _ in clear], np.int64)],
            np.array([false for _, _, false in clear], np.bool_),
        )
        return cls(population, judge, is_model, tallies, clear_ones)

    def rate(self, unsure: str | None = None) -> AuditRate:
        """The rate over all mined negatives; those unsure left out, or taken for 'yes' or 'no'."""
        return stratified([tally.count(unsure) for tally in self.tallies])

    def total(self, answer: str) -> int:
        """How many drawn negatives were answered 'yes', 'no', 'unsure' or are 'unanswered'."""
        return sum(getattr(tally, answer) for tally in self.tallies)

    def caps(self, target: float) -> tuple[Cap | None, Cap | None]:
        """The likely and the sure cap, see cap.reaching."""
        return reaching(target, [tally.stratum for tally in self.tallies], self.verdicts)

    def record(self, target: float | None = None) -> dict[str, Any]:
        record: dict[str, Any] = {
            "mined": str(self.population.path),
            "judge": self.judge,
            "opinion_of_a_model": self.is_model,
            "negatives": len(self.population.scores),
            "given_negatives_left_out": self.population.given,
            "scale": self.population.scale,
            "drawn": sum(tally.drawn for tally in self.tallies),
            **{answer: self.total(answer) for answer in ("yes", "no", "unsure", "unanswered")},
            **self.rate().record(),
            **({} if self.assisted is None else {"assisted": self.assisted.record()}),
            "unsure_taken_for_no": self.rate("no").record(),
            "unsure_taken_for_yes": self.rate("yes").record(),
            "strata": [self._stratum(tally) for tally in self.tallies],
        }
        if target is not None and self.population.scale:
            likely, sure = self.caps(target)
            record["target"] = {
                "rate": target,
                "likely_cap": likely and likely.record(),
                "sure_cap": sure and sure.record(),
            }
        return record

    @staticmethod
    def _stratum(tally: StratumCounts) -> dict[str, Any]:
        return {
            "from": tally.stratum.low,
            "to": tally.stratum.high,
            "negatives": len(tally.stratum.members),
            "drawn": tally.drawn,
            "yes": tally.yes,
            "no": tally.no,
            "unsure": tally.unsure,
            **tally.count().rate().record(),
        }
