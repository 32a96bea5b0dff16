"""Split a file of rows, and the receipts and run record beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from miner.corpus.notes import Notes
from miner.corpus.options import ReadOptions
from miner.corpus.records import RECORDS
from miner.corpus.walk import suffix_of
from miner.data import Bool, Row
from miner.encoders.base import Encoder
from miner.errors import InputError, Inseparable
from miner.formats.cohere import record_of
from miner.formats.copies import copies
from miner.formats.reading import rows_beside_receipts
from miner.splitting.plan import SplitPlan, choose
from miner.splitting.ties import Components, Ties, text_key

SIDES = ("train", "eval")
LISTED = 100


@dataclass
class Side:
    """One of the two sets."""

    file: Path
    rows: int = 0
    queries: int = 0
    crossing: int = 0
    """Hard negatives that are relevant passages of the other side."""


@dataclass
class Split:
    """What `split_file` did."""

    train: Side
    evaluation: Side
    components: int
    largest: int
    tied_by_passage: int
    tied_by_paraphrase: int
    crossing: list[dict[str, Any]] = field(default_factory=list)
    """The first LISTED crossing negatives: line of the input, side, text."""

    def record(self) -> dict[str, Any]:
        record = asdict(self)
        for side in ("train", "evaluation"):
            record[side]["file"] = str(record[side]["file"])
        return record


def split_file(
    path: Path,
    plan: SplitPlan | None = None,
    *,
    encoder: Encoder | None = None,
    folder: Path | None = None,
    options: ReadOptions | None = None,
) -> Split:
    """Write FILE.train.jsonl and FILE.eval.jsonl, into `folder` or beside FILE, rows in the file's order.

    FILE may be in any shape that queries come in; `options` tell how it is read and gather what is passed over.

    Queries that share a relevant passage, equal each other but for case, spaces and punctuation, or,
    with an encoder, are near-paraphrases stay on one side, with all that they are tied to. Receipts
    and the run's record are split alike. Raises InputError for a wrong row or a file without rows,
    Inseparable where the plan cannot be kept; nothing is written then.
    """
    plan, options = plan or SplitPlan(), options or ReadOptions()
    ties = Ties.of(row for _, row in rows_beside_receipts(path, options))
    if not ties.queries:
        raise InputError(path, None, options.notes.nothing("rows"))
    parts = ties.components(encoder, plan.near)
    try:
        chosen = choose(parts.sizes, plan)[parts.of_query]
    except Inseparable as why:
        raise Inseparable(f"{path}: cannot be split: {why}") from None
    split = _outline(path, folder, parts, chosen)
    how = {"command": "split", "near": plan.near if encoder is not None else None}
    hows = [{**how, "side": name, "fraction": plan.fraction, "seed": plan.seed} for name in SIDES]
    again = rows_beside_receipts(path, replace(options, notes=Notes()))
    _write(path, again, split, hows, chosen[parts.query_of], _relevant(ties, chosen))
    return split


def _outline(path: Path, folder: Path | None, parts: Components, chosen: Bool) -> Split:
    files = side_files(path, folder)
    evaluation = int(np.count_nonzero(chosen))
    return Split(
        Side(files[0], queries=len(chosen) - evaluation),
        Side(files[1], queries=evaluation),
        components=len(parts.sizes),
        largest=int(parts.sizes.max()),
        tied_by_passage=parts.tied_by_passage,
        tied_by_paraphrase=parts.tied_by_paraphrase,
    )


def side_files(path: Path, folder: Path | None) -> list[Path]:
    """What is written, in the folder or beside FILE."""
    return [(folder or path.parent) / f"{stem_of(path)}.{side}.jsonl" for side in SIDES]


def stem_of(path: Path) -> str:
    """What the files of both sides are named after: FILE without the endings of a table."""
    name = path.name or path.resolve().name
    if path.is_dir() or (suffix := suffix_of(name, RECORDS)) is None:
        return name
    return name[: name.lower().rindex(suffix)]


def _relevant(ties: Ties, chosen: Bool) -> tuple[set[int], set[int]]:
    """Hashes of the relevant passages of the training and of the evaluation side."""
    keys, sides = np.array(ties.passages, np.int64), chosen[np.array(ties.owners, np.int64)]
    return set(keys[~sides].tolist()), set(keys[sides].tolist())


def _write(
    path: Path,
    rows: Iterable[tuple[int, Row]],
    split: Split,
    hows: Sequence[dict[str, Any]],
    to_eval: Bool,
    relevant: tuple[set[int], set[int]],
) -> None:
    sides = (split.train, split.evaluation)
    with copies(path, *(side.file for side in sides)) as (parts, receipts):
        for part, how in zip(parts, hows, strict=True):
            part.how = how
        for place, (line, row) in enumerate(rows):
            side = int(to_eval[place])
            sides[side].rows += 1
            _cross(split, side, (line, row), relevant[1 - side])
            part = parts[side]
            part.rows.write(orjson.dumps(record_of(row), option=orjson.OPT_APPEND_NEWLINE))
            if receipts and part.receipts:
                proof = receipts.take(row)
                part.receipts.write(orjson.dumps(proof, option=orjson.OPT_APPEND_NEWLINE))


def _cross(split: Split, side: int, place: tuple[int, Row], others: set[int]) -> None:
    line, row = place
    for text in row.hard_negatives:
        if text_key(text) in others:
            (split.train, split.evaluation)[side].crossing += 1
            if len(split.crossing) < LISTED:
                split.crossing.append({"line": line, "side": SIDES[side], "text": text})
