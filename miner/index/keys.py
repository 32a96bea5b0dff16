"""From ids and texts to rows: sorted tables of 64-bit hashes, one file a shard.

Three tables lie one after another: ids (aliases among them), encoded texts, bare texts; of texts what they are
without presentation. A hash only proposes rows; the caller compares what is stored there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from miner.data import Int64
from miner.text.fold import fold, fold_kept

Hashes = NDArray[np.uint64]


def hashes(texts: Sequence[str]) -> Hashes:
    """The first 64 bits of each text's BLAKE2b; a lone surrogate hashes, to match nothing."""
    return _hashed(text.encode("utf-8", "surrogatepass") for text in texts)


def shown(texts: Sequence[str]) -> Hashes:
    """As hashes, the same for texts that differ in presentation alone: for texts to look up, which come again."""
    return _hashed(map(fold_kept, texts))


def _hashed(data: Iterable[bytes]) -> Hashes:
    return read(b"".join(map(hash_of, data)))


def of_texts(encoded: Sequence[str], bare: Sequence[str]) -> tuple[Hashes, Hashes]:
    """As `shown`, of passages with their titles and without, for what is looked at once."""
    with_title = _hashed(map(fold, encoded))
    titled = [i for i, (text, other) in enumerate(zip(bare, encoded, strict=True)) if text != other]
    without = with_title.copy()
    without[titled] = _hashed(fold(bare[i]) for i in titled)
    return with_title, without


def hash_of(folded: bytes) -> bytes:
    """What `shown` gives for a text that folds to this, as 8 bytes."""
    return hashlib.blake2b(folded, digest_size=8).digest()


def read(data: bytes) -> Hashes:
    """Hashes that lie one after another."""
    return np.frombuffer(data, "<u8").astype(np.uint64)


def build(ids: Sequence[str], rows_of_ids: Sequence[int], of_encoded: Hashes, of_bare: Hashes) -> Hashes:
    """uint64 [2, ids + 2 * rows]: hashes over rows in the shard, each table sorted; `of_encoded` and `of_bare` are
    those of the rows' texts, with titles and without.
    """
    rows = np.arange(len(of_encoded), dtype=np.uint64)
    tables = [
        table(hashes(ids), np.asarray(rows_of_ids, np.uint64)),
        table(of_encoded, rows),
        table(of_bare, rows),
    ]
    return np.concatenate(tables, axis=1)


def split(keys: Hashes, rows: int) -> tuple[Hashes, Hashes, Hashes]:
    """The tables of ids, of encoded texts and of bare texts."""
    ids = keys.shape[1] - 2 * rows
    return keys[:, :ids], keys[:, ids : ids + rows], keys[:, ids + rows :]


def find(table: Hashes, wanted: Hashes) -> tuple[Int64, Int64]:
    """All pairs (position in `wanted`, row in the shard) of equal hashes."""
    first = np.searchsorted(table[0], wanted, "left")
    counts = np.searchsorted(table[0], wanted, "right") - first
    positions = np.repeat(np.arange(len(wanted)), counts)
    within = np.arange(len(positions)) - np.repeat(np.cumsum(counts) - counts, counts)
    return positions.astype(np.int64), table[1][first[positions] + within].astype(np.int64)


def table(found: Hashes, rows: Hashes) -> Hashes:
    """uint64 [2, n]: hashes, sorted, over their rows."""
    order = np.lexsort((rows, found))
    return np.stack([found[order], rows[order]])
