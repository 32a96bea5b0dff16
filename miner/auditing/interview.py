"""Asking a person, one negative after the other; every answer is kept before the next question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from miner.judgments import PERSON, Judgment, JudgmentStore, Pair, Verdict

Reply = Verdict | Literal["back", "quit"]


@dataclass(frozen=True, slots=True)
class Question:
    """A pair to be judged, with how many of how many are answered. The score is kept from whoever
    answers, so that it cannot lead them."""

    pair: Pair
    answered: int
    total: int


def interview(pairs: Sequence[Pair], store: JudgmentStore, ask: Callable[[Question], Reply]) -> bool:
    """Ask about each pair that no person judged, in order; 'back' asks the last one again, and reaches back
    over earlier starts too. Returns whether all are answered; False after 'quit'.
    """
    keys = {pair.key for pair in pairs}
    while (pair := _open(pairs, store)) is not None:
        answered = sum(store.book.find(each, PERSON) is not None for each in pairs)
        reply = ask(Question(pair, answered, len(keys)))
        if reply == "quit":
            return False
        if reply == "back":
            if (last := store.book.last(keys)) is not None:
                store.withdraw(last)
        else:
            store.append(Judgment.now(pair, reply))
    return True


def _open(pairs: Sequence[Pair], store: JudgmentStore) -> Pair | None:
    """The first that no person has judged yet, here or elsewhere."""
    store.refresh()
    return next((pair for pair in pairs if store.book.find(pair, PERSON) is None), None)
