"""All that the parts of a running server share."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from miner.serving.jobs import Runner, trainings, validations
from miner.serving.scoring import ScoreRequest, ScoringThread
from miner.serving.settings import ServerSettings
from miner.serving.state import State
from miner.serving.telemetry import Counters


@dataclass(frozen=True)
class Services:
    """State, scorer and the two runners. `open` begins their work and has the first model loaded; `close`
    ends it.
    """

    settings: ServerSettings
    counters: Counters
    state: State
    scorer: ScoringThread
    validator: Runner
    trainer: Runner

    @classmethod
    def open(cls, settings: ServerSettings) -> Services:
        counters, state = Counters(), State(settings.state)
        scorer = ScoringThread(settings.limits.waiting, counters.batch)
        counters.observe(state.store, scorer)
        scorer.ask(ScoreRequest(next(iter(settings.models.values())), "query", ["document"], None, None))
        validator = Runner("validator", validations(state))
        trainer = Runner("trainer", trainings(state, scorer))
        validator.start()
        trainer.start()
        return cls(settings, counters, state, scorer, validator, trainer)

    def close(self) -> None:
        self.validator.stop()
        self.trainer.stop()
        self.scorer.stop()
        self.state.close()


def house(request: Request) -> Services:
    found: Services = request.app.state.house
    return found
