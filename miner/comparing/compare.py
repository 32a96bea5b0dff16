"""`compare`: two files of negatives for the same queries, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from miner.calibrating.calibration import read_calibration
from miner.comparing.figures import ComparedFigure, figure
from miner.comparing.result import RowsComparison
from miner.comparing.risks import estimated
from miner.comparing.sides import FileSide, RowPair, drawn, groups_of, pairs_of, read_side
from miner.comparing.space import TextSpace, measured, remembered, space_of
from miner.comparing.texts import InBoth, clashes, counted, judged, receipted
from miner.corpus.options import ReadOptions
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.errors import ConfigError
from miner.formats.cohere import companion
from miner.index import Index, open_index
from miner.judgments import JUDGMENTS, KnownJudgments
from miner.progress import Clock
from miner.storage.paths import as_path
from miner.text.near_copies import NearCopies

if TYPE_CHECKING:
    from miner.comparing.contest import Contest, ContestSettings

RECEIPTS_ONLY = "receipts"
"""Stands for an encoder where nothing is to be encoded."""
SAMPLE = 1_000
Figures = Iterator[ComparedFigure | None]


def compare(
    a: str | Path,
    b: str | Path,
    *,
    judgments: str | Path | None = None,
    index: str | Path | Index | None = None,
    calibration: str | Path | None = None,
    model: str | Encoder | None = None,
    train: ContestSettings | None = None,
    sample: int = SAMPLE,
    options: ReadOptions | None = None,
    clock: Clock | None = None,
    tell: Callable[[str], object] = lambda note: None,
) -> RowsComparison:
    """Put two files of rows, in any shape that `convert` reads, side by side: the queries that both have.

    The share of false negatives is estimated by the receipts beside the files and, with an `index`, which a
    `calibration` may fit, for both alike; it is counted where `judgments`, or files of them beside A and B, know
    the pairs. Hardness and diversity are cosines of the encoder `model` (by default that of the index, else the
    bundled one; 'receipts' encodes nothing), over `sample` queries (0: all). With `train` a model is trained on
    either file, and both are judged on queries that neither saw.

    Raises ConfigError where the files have no query in common, InputError for what they hold, and what loading an
    index or a model raises.
    """
    if train is not None and model == RECEIPTS_ONLY:
        raise ConfigError("training needs vectors to hold queries out; expected an encoder, not receipts")
    opened = open_index(index) if isinstance(index, str | Path) else index
    if calibration is not None and opened is None:
        raise ConfigError("a calibration belongs to an index; expected both")
    options, files = options or ReadOptions(), (as_path(a, "the first file"), as_path(b, "the second file"))
    sides = read_side(files[0], options), read_side(files[1], options)
    pairs = pairs_of(*sides)
    if not pairs:
        raise ConfigError(f"{a} and {b} have no query in common; expected negatives for the same queries")
    known = _judgments(judgments, files)
    look = _Look(sides, pairs, drawn(pairs, sample), opened, clock or Clock())
    figures = [*look.texts(), *look.risks(calibration), *look.hardness(model)]
    return RowsComparison(
        *sides,
        queries=InBoth.of([(sides[0].queries, sides[1].queries)]),
        relevant=InBoth.of([(pair.a.relevant, pair.b.relevant) for pair in pairs]),
        negatives=InBoth.of([(pair.a.negatives, pair.b.negatives) for pair in pairs]),
        figures=tuple(figure for figure in figures if figure is not None),
        judged=None if known is None else judged(pairs, known),
        measured=len(look.few),
        contest=None if train is None else look.train(train, tell),
    )


def _judgments(given: str | Path | None, files: tuple[Path, Path]) -> KnownJudgments | None:
    """Those that are named and those beside the files; None where there are none."""
    beside = [companion(file, JUDGMENTS) for file in files]
    found = [] if given is None else [as_path(given, "the file of judgments")]
    found += [path for path in dict.fromkeys(beside) if path.is_file() and path not in found]
    return KnownJudgments.of(*found) if found else None


class _Look:
    """Both files looked at, step by step."""

    def __init__(
        self,
        sides: tuple[FileSide, FileSide],
        pairs: Sequence[RowPair],
        few: Sequence[RowPair],
        index: Index | None,
        clock: Clock,
    ) -> None:
        self.sides, self.pairs, self.few, self.index, self.clock = sides, pairs, few, index, clock
        self.groups, self.few_groups = groups_of(pairs), groups_of(few)
        self.encoder: Encoder | None = None
        self.space: TextSpace | None = None

    def texts(self) -> Figures:
        near = NearCopies(frequencies=self.index.frequencies if self.index else None)
        yield from counted(self.pairs, self.groups)
        yield figure(
            "estimated_by_receipts",
            "estimated to answer, by receipts",
            receipted(self.pairs, "risk"),
            self.groups,
        )
        yield from clashes(self.pairs, self.groups, self.sides, near)

    def risks(self, calibration: str | Path | None) -> Figures:
        if self.index is None:
            return
        fitted = None if calibration is None else read_calibration(calibration, self.index)
        found = estimated(self.few, self.index, fitted, self.clock)
        title = "estimated to answer, over the index"
        yield figure("estimated_by_index", title, found, self.few_groups)

    def hardness(self, model: str | Encoder | None) -> Figures:
        if model == RECEIPTS_ONLY:
            yield from remembered(self.pairs, self.groups)
            return
        own = self.index if model is None else None
        if own is not None:
            self.encoder = own.encoder()
        else:
            self.encoder = load_encoder(model) if model is None or isinstance(model, str) else model
        self.space = space_of(self.few, self.encoder, own, self.clock)
        yield from measured(self.few, self.few_groups, self.space)

    def train(self, asked: ContestSettings, tell: Callable[[str], object]) -> Contest:
        from miner.comparing.contest import contest

        if self.space is None:
            raise ConfigError("training needs vectors to hold queries out; expected an encoder")
        return contest(self.few, self.space, asked, self.encoder, self.clock, tell)
