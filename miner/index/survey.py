"""What the passages of an index are like as a whole: frequencies of words and runs of words, shapes of ids."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from miner.index.ingest import encoded_texts
from miner.text.documents import IdShapes
from miner.text.frequencies import Frequencies, FrequencyCounter

BUDGET = 2**25
"""Bytes of passages whose words are counted; of larger corpora a sample, the same whatever the order."""


def survey(
    batches: Iterable[pa.RecordBatch], size: int, folder: Path | None = None
) -> tuple[Frequencies, str]:
    """Frequencies, and the marks that part documents from numbers in ids, of passages read shard by shard; `size` is
    that of their files in bytes, `folder` where numbers wait.
    """
    counter, shapes, every = FrequencyCounter(folder), IdShapes(), 1
    while size > every * BUDGET:
        every *= 2
    for batch in batches:
        for id, text in zip(batch.column("id").to_pylist(), encoded_texts(batch), strict=True):
            shapes.add(id)
            if every == 1 or zlib.crc32(text.encode()) % every == 0:
                counter.add(text)
    return counter.result(), shapes.marks()
