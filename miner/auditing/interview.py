"""Asking a person, one negative after the other; every answer is kept before the next question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from miner.auditing.judgments import Answer, JudgmentLedger
from miner.auditing.population import Pair

Reply = Answer | Literal["back", "quit"]


@dataclass(frozen=True, slots=True)
class Question:
    """A pair to be judged, with how many of how many are answered. The score is kept from whoever
    answers, so that it cannot lead them."""

    pair: Pair
    answered: int
    total: int


def interview(pairs: Sequence[Pair], ledger: JudgmentLedger, ask: Callable[[Question], Reply]) -> bool:
    """Ask about each pair without an answer, in order; 'back' asks the last one again, and reaches back
    over earlier starts too. Returns whether all are answered; False after 'quit'.
    """
    keys = {pair.key for pair in pairs}
    place = 0
    while place < len(pairs):
        pair = pairs[place]
        if pair.key in ledger.answers:
            place += 1
            continue
        reply = ask(Question(pair, len(keys & ledger.answers.keys()), len(keys)))
        if reply == "quit":
            return False
        if reply == "back":
            if ledger.last in keys:
                ledger.undo()
                place = 0
        else:
            ledger.append(pair, reply)
    return True
