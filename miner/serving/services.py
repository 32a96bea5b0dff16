"""All that the parts of a running server share."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from miner.serving.jobs import Runner, trainings, validations
from miner.serving.scoring import Scorer, Wish
from miner.serving.settings import Settings
from miner.serving.state import State
from miner.serving.telemetry import Counters


@dataclass(frozen=True)
class House:
    """State, scorer and the two runners. `open` begins their work and has the first model loaded; `close`
    ends it.
    """

    settings: Settings
    counters: Counters
    state: State
    scorer: Scorer
    validator: Runner
    trainer: Runner

    @classmethod
    def open(cls, settings: Settings) -> House:
        counters, state = Counters(), State(settings.state)
        scorer = Scorer(settings.limits.waiting, counters.batch)
        counters.observe(state.store, scorer)
        scorer.ask(Wish(next(iter(settings.models.values())), "query", ["document"], None, None))
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


def house(request: Request) -> House:
    found: House = request.app.state.house
    return found
