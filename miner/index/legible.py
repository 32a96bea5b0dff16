"""A word of warning before a corpus is encoded by a model that cannot read it."""

from __future__ import annotations

import numpy as np

from miner.corpus.notes import Notes
from miner.encoders import Encoder
from miner.encoders.legibility import legibility
from miner.index.ingest import PASSAGES, Corpus, encoded_texts
from miner.storage.place import Place
from miner.storage.sealed import open_table

SAMPLE = 64
"""Passages that are looked at."""


def warn_of_unread(place: Place, corpus: Corpus, encoder: Encoder, notes: Notes) -> None:
    """Say in a line if the encoder's tokenizer knows too little of the corpus, by a sample of its passages."""
    if (found := legibility(encoder, sampled(place, corpus))).poor:
        notes.warn(str(found))


def sampled(place: Place, corpus: Corpus, most: int = SAMPLE) -> list[str]:
    """Texts of passages drawn from the whole corpus, the same of the same corpus, as the encoder sees them."""
    passages = corpus.counts.passages
    rows = np.sort(np.random.default_rng(0).choice(passages, min(most, passages), replace=False))
    texts: list[str] = []
    start = 0
    for part in corpus.parts:
        local = rows[(rows >= start) & (rows < start + part.rows)] - start
        start += part.rows
        if len(local):
            table = open_table(place.path(part.passages), PASSAGES, part.rows)
            texts += encoded_texts(table, local)
    return texts
