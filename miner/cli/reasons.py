"""Why a candidate was left out, in words."""

from __future__ import annotations

from typing import Any

GUARDS = {
    "same_id": "it is a relevant passage",
    "same_text": "its text is that of a relevant passage",
    "same_presented": "a relevant passage but for markup, case, space or the like",
    "query": "it is the query itself",
    "blank": "it has no text",
    "duplicate": "it repeats an earlier candidate",
    "overlapping": "it shares text with a relevant passage of the same document",
}
"""By the name of the match."""


def is_guard(verdict: str) -> bool:
    """Whether a verdict is a guard's name and not the spelling of a filter, as 'margin(relative=0.05)'."""
    return "(" not in verdict


def reason(verdict: str) -> str:
    """What the guard or the filter of this name says of a candidate that it drops."""
    from miner.filters import FILTERS, DropJudged
    from miner.spec import Spec
    from miner.text.copies import Copies

    if is_guard(verdict):
        return GUARDS.get(verdict, verdict.replace("_", " "))
    rules: dict[str, type[Spec]] = {**FILTERS, Copies.name: Copies, DropJudged.name: DropJudged}
    known = rules.get(verdict.partition("(")[0])
    return known.reason if known and known.reason else f"dropped by {verdict}"


def preference(selector: Any) -> str:
    """What a selector prefers, in words."""
    return getattr(selector, "reason", "") or "by a selector of your own"
