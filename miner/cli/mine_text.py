"""What mining found, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miner.cli.console import table, word
from miner.cli.reasons import is_guard, preference, reason
from miner.progress import count_of

if TYPE_CHECKING:
    from miner.calibrating.calibration import Calibration
    from miner.mining.recipe import Recipe


def summary(recipe: Recipe, record: Mapping[str, Any], output: Path, known: Calibration | None = None) -> str:
    """Rows, what became of the candidates and why, the time, the files and what to do next."""
    return "\n".join([*counted(recipe, record, known), "", _took(record["stages"]), *_written(output)])


def _written(output: Path) -> Iterator[str]:
    from miner.storage.files import is_stream

    if is_stream(output):
        yield f"wrote {output}; receipts and a record of the run are written beside files alone"
    else:
        yield f"wrote {output}, beside it the receipts of its negatives and the record of this run"
        yield f"next: miner validate {word(output)} and miner report {word(output)}"


def counted(recipe: Recipe, record: Mapping[str, Any], known: Calibration | None = None) -> list[str]:
    """Lines: rows, and what became of the candidates and why."""
    counts = record["counts"]
    lines = [f"{count_of(counts['rows'], 'row')} with {count_of(counts['negatives'], 'negative')}"]
    lines += [f"recall of the search in {path}: {recall:.2%}" for path, recall in record["recall"].items()]
    lines += [
        "",
        f"{count_of(counts['candidates'], 'candidate was', 'candidates were')} looked at:",
        table(_fates(recipe, record)),
    ]
    if counts["short_rows"]:
        lines += ["", shortfall(recipe, counts, known)]
    return lines


def _fates(recipe: Recipe, record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A line for the guards, one for each filter and one for what was kept."""
    counts = record["counts"]
    guards = {name: count for name, count in counts["rejected"].items() if is_guard(name)}
    if guards:
        each = ", ".join(f"{name} {count:,}" for name, count in sorted(guards.items(), key=lambda i: -i[1]))
        words = "match a relevant passage, the query or an earlier candidate"
        yield f"  {sum(guards.values()):,}", f"{words}: {each}"
    for name, count in counts["rejected"].items():
        if name not in guards:
            yield f"  {count:,}", f"{reason(name)}: {name}"
    mined = counts["negatives"] - counts["given_negatives"]
    chosen = f"{count_of(mined, 'of them was', 'of them were')} chosen, {preference(recipe.select)}"
    chosen += f": {record['recipe']['select']}"
    yield f"  {counts['kept']:,}", f"kept; {chosen}"


def shortfall(recipe: Recipe, counts: Mapping[str, Any], known: Calibration | None = None) -> str:
    """Why rows are short, and what would fill them."""
    rejected = counts["short_rows_rejected"].items()
    most = max(rejected, key=lambda item: item[1], default=("its end", 0))[0]
    text = (
        f"{count_of(counts['short_rows'], 'row has', 'rows have')} fewer than "
        f"{count_of(recipe.n, 'negative')}: the whole corpus was searched, "
    )
    text += f"and most of it was removed by {most}"
    filled = counts["short_rows_filled_by_cap"]
    if filled["rows"]:
        cap = known.share(filled["max_risk"]) if known else filled["max_risk"]
        text += f"; --max-risk {cap:g} would fill {filled['rows']:,} of them"
    return text


def _took(stages: list[Mapping[str, Any]]) -> str:
    total = sum(stage["seconds"] for stage in stages)
    most = max(stages, key=lambda stage: stage["seconds"])
    peak = max(stage["peak_memory_bytes"] for stage in stages) / 2**20
    return f"{total:.1f} s, most of it {most['stage']} ({most['seconds']:.1f} s); {peak:,.0f} MiB at most"
