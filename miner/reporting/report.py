"""`report`: from files to numbers, and from numbers to a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from miner.errors import require
from miner.formats.run import read_run
from miner.progress import Clock
from miner.reporting.findings import by_rule
from miner.reporting.measure import Gauge, gauge
from miner.reporting.part import ReportLimits, examine
from miner.reporting.provenance import provenance
from miner.reporting.tab import TITLES, Tab
from miner.storage import files
from miner.storage.paths import as_path, path_if_given
from miner.validating import Preflight, validate


@dataclass(frozen=True)
class Report:
    """A data set looked at: a tab for the training file and, if one was given, one for the evaluation file."""

    tabs: Sequence[Tab]

    def statistics(self) -> dict[str, Any]:
        """Every number of the page as plain JSON: 'training', 'validation' (null without a file)."""
        value: dict[str, Any] = orjson.loads(orjson.dumps({tab.key: tab.part for tab in self.tabs}))
        return {key: value.get(key) for key in TITLES}

    def html(self) -> str:
        """The page. Raises MissingExtra without Jinja2 and matplotlib."""
        from miner.reporting.page import render

        return render(self.tabs)

    def write(self, path: Path) -> None:
        """Write the page, whole or not at all. Raises OutputError."""
        files.write_bytes(path, self.html().encode("utf-8", "replace"))


def report(
    file: str | Path,
    evaluation: str | Path | None = None,
    *,
    output: str | Path | None = None,
    model: str | None = None,
    rows: int = 1_000,
    seed: int = 0,
    judgments: str | Path | None = None,
    clock: Clock | None = None,
) -> Report:
    """Look at a file in Cohere's format, and at its evaluation file if there is one.

    Receipts and run records are taken from beside the files. The tokenizer of `model` counts tokens and its
    encoder finds near-paraphrases; without one the bundled tokenizer counts and shared words tell. The page shows
    `rows` rows, drawn by `seed` from more, and is written to `output`, if that is given. `judgments` is a file that
    tells which negatives were judged to answer: these are among the findings.

    Raises ConfigError for a missing file, InputError for one that cannot be read on or whose receipts or run
    record are damaged, OutputError, MissingExtra.
    """
    page = path_if_given(output, "the page")
    if page is not None:
        files.check_writable(page)
        require("jinja2", "matplotlib", extra="report", purpose="the report")
    limits = ReportLimits(shown=rows, seed=seed)
    train, validation = (
        as_path(file, "the file to report on"),
        path_if_given(evaluation, "the evaluation file"),
    )
    found = examine_files(
        train, validation, gauge=gauge(model), limits=limits, judgments=judgments, clock=clock
    )
    if page is not None:
        found.write(page)
    return found


def examine_files(
    train: Path,
    evaluation: Path | None = None,
    *,
    gauge: Gauge | None = None,
    limits: ReportLimits | None = None,
    judgments: str | Path | None = None,
    clock: Clock | None = None,
) -> Report:
    """As report; without a gauge no tokens are counted, and near-paraphrases are found by shared words."""
    clock, limits = clock or Clock(), limits or ReportLimits()
    counter = gauge.count_tokens if gauge else None
    found = validate(
        train,
        evaluation,
        model=counter,
        max_tokens=510 if counter else None,
        judgments=judgments,
        clock=clock,
    )
    given = zip(TITLES, (train, evaluation), strict=True)
    tabs = [_tab(key, path, found, gauge, limits, clock) for key, path in given if path is not None]
    return Report(tabs)


def _tab(
    key: str, path: Path, found: Preflight, gauge: Gauge | None, limits: ReportLimits, clock: Clock
) -> Tab:
    run = read_run(path)
    rules = by_rule(found.findings, found.counts, str(path))
    part, records = examine(path, run=run, findings=rules, gauge=gauge, limits=limits, clock=clock)
    return Tab(key, TITLES[key], part, records, provenance(path, run))
