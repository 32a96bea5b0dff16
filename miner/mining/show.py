"""A result at a glance: one line, or a small table for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from miner.index import Index
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.data import MinedRow

ROWS, WIDTH = 3, 160
"""Of a table: rows, and characters of a text."""


class Result(Protocol):
    """What is needed of a result."""

    @property
    def index(self) -> Index: ...

    def counts(self) -> Mapping[str, Any]: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[MinedRow]: ...


def line(result: Result) -> str:
    """What repr says."""
    return f"MiningResult({_counted(result.counts())}, index={str(result.index.place)!r})"


def html(result: Result) -> str:
    """What a notebook shows: the counts, and the first rows with risk and similarity of each negative."""
    counts = result.counts()
    rejected = sum(counts["rejected"].values())
    looked = f"{count_of(counts['candidates'], 'candidate')} looked at, {rejected:,} of them dropped"
    rows = "".join(map(_html_row, islice(result, ROWS)))
    more = f"<p>{count_of(len(result) - ROWS, 'more row')}</p>" if len(result) > ROWS else ""
    head = "<tr><th>query</th><th>relevant</th><th>hard negatives</th></tr>"
    return (
        f"<p><b>MiningResult</b>: {_counted(counts)}; {looked}</p>"
        f"<table style='text-align:left;vertical-align:top'><thead>{head}</thead><tbody>{rows}</tbody></table>{more}"
    )


def _counted(counts: Mapping[str, Any]) -> str:
    short = f", {counts['short_rows']:,} of them short" if counts["short_rows"] else ""
    return f"{count_of(counts['rows'], 'row')}{short}, {count_of(counts['negatives'], 'negative')}"


def _html_row(row: MinedRow) -> str:
    given = row.hard_negatives[: len(row.hard_negatives) - len(row.negatives)]
    items = [f"<li>{_cut(text)} <small>given</small></li>" for text in given]
    for each in row.negatives:
        risk = "" if each.risk is None else f", risk {each.risk:.3f}"
        items.append(f"<li>{_cut(each.text)} <small>similarity {each.similarity:.3f}{risk}</small></li>")
    relevant = "".join(f"<p>{_cut(text)}</p>" for text in row.relevant_passages)
    return f"<tr><td>{_cut(row.query)}</td><td>{relevant}</td><td><ol>{''.join(items)}</ol></td></tr>"


def _cut(text: str) -> str:
    return escape(text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…")
