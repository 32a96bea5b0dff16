"""Vectors of texts that come again."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from miner.data import Float32

OVERHEAD = 150
"""Bytes that a kept vector takes besides its numbers."""


class KeptVectors:
    """Vectors by the hash of their text, up to so many bytes; of more the one used longest ago goes."""

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self.vectors: OrderedDict[bytes, Float32] = OrderedDict()
        self.lock = threading.Lock()

    def rows(self, texts: Sequence[str], encode: Callable[[Sequence[str]], Float32], kind: bytes) -> Float32:
        """Rows [len(texts), dim]; `encode` makes those of the texts that are not kept. `kind` keeps queries and
        passages apart."""
        keys = [hashlib.blake2b(text.encode(), digest_size=16, person=kind).digest() for text in texts]
        with self.lock:
            found = {key: self.vectors[key] for key in keys if key in self.vectors}
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if fresh:
            made = encode(list(fresh.values()))
            found |= {key: np.array(row) for key, row in zip(fresh, made, strict=True)}
        self._keep({key: found[key] for key in keys})
        return np.stack([found[key] for key in keys])

    def _keep(self, used: dict[bytes, Float32]) -> None:
        with self.lock:
            for key, vector in used.items():
                if key not in self.vectors:
                    self.size += vector.nbytes + OVERHEAD
                self.vectors[key] = vector
                self.vectors.move_to_end(key)
            while self.vectors and self.size > self.limit:
                self.size -= self.vectors.popitem(last=False)[1].nbytes + OVERHEAD
