"""`split`: a training and an evaluation file that leak nothing into each other."""

from __future__ import annotations

from pathlib import Path

from miner.corpus.options import ReadOptions
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.splitting.files import Split, side_files, split_file
from miner.splitting.plan import SplitPlan
from miner.storage.files import check_writable
from miner.storage.paths import as_path, path_if_given


def split(
    file: str | Path,
    *,
    fraction: float = SplitPlan.fraction,
    output: str | Path | None = None,
    near: float = SplitPlan.near,
    model: str | Encoder | None = None,
    seed: int = 0,
    small: bool = False,
    options: ReadOptions | None = None,
) -> Split:
    """Write FILE.train.jsonl and FILE.eval.jsonl, into the folder `output` or beside FILE.

    `fraction` of the queries are for evaluation, drawn by `seed`. Queries from a cosine of `near` on, by the
    encoder `model` (the bundled one by default), count as paraphrases and stay together; 0 looks for none, and
    loads none. `small` allows fewer than 256 training and 64 evaluation queries. `options` tell how the file is
    read, in whatever shape it comes, and gather what is passed over.

    Raises what split_file raises, ConfigError for a number that cannot be, MissingExtra, ModelError.
    """
    least = {"least_train": 1, "least_eval": 1} if small else {}
    plan = SplitPlan(fraction=fraction, seed=seed, near=near or 1.0, **least)
    path, folder = as_path(file, "the file to split"), path_if_given(output, "the folder to write to")
    for side in side_files(path, folder):
        check_writable(side)
    encoder = None
    if near:
        encoder = load_encoder(model, dtype="fp32") if model is None or isinstance(model, str) else model
    return split_file(path, plan, encoder=encoder, folder=folder, options=options)
