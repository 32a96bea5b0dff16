"""All that the parts of a running server share."""

from __future__ import annotations

from dataclasses import dataclass

from miner.serving.jobs import Runner, trainings, validations
from miner.serving.memory import Budget
from miner.serving.rerankers import VECTORS, ServingLoader
from miner.serving.reviews import Reviews
from miner.serving.scoring import ScoreRequest, ScoringThread
from miner.serving.settings import ServerSettings
from miner.serving.state import State
from miner.serving.telemetry import Counters

SHARE = 32
"""Of the memory that a server may take, one part in so many for the vectors of a model."""


@dataclass(frozen=True)
class Services:
    """State, scorer, reviews and the two runners. `open` begins their work and has the first model loaded; `close`
    ends it.
    """

    settings: ServerSettings
    counters: Counters
    state: State
    scorer: ScoringThread
    validator: Runner
    trainer: Runner
    reviews: Reviews

    @classmethod
    def open(cls, settings: ServerSettings) -> Services:
        counters, state = Counters(), State(settings.state)
        limits = settings.limits
        vectors = min(VECTORS, limits.memory // SHARE) if limits.memory else VECTORS
        loader = ServingLoader(settings.dtype, settings.backend, vectors)
        scorer = ScoringThread(limits.waiting, counters.batch, loader)
        counters.observe(state.store, scorer)
        scorer.ask(ScoreRequest(next(iter(settings.models.values())), "query", ["document"], None, None))
        budget = Budget(limits.memory, scorer.shelf.keep)
        validator = Runner("validator", validations(state), budget)
        trainer = Runner("trainer", trainings(state, scorer), budget)
        validator.start()
        trainer.start()
        return cls(settings, counters, state, scorer, validator, trainer, Reviews(state))

    def close(self) -> None:
        self.validator.stop()
        self.trainer.stop()
        self.scorer.stop()
        self.reviews.close()
        self.state.close()
