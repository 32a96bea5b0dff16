"""Arrays that cost time and depend on nothing but the index and a block of queries: computed once.

Files `cache/<name>_<key>-<index>-<checksum>.npy`, so that whatever goes into the key decides which is found.
A damaged file is as good as none; in a folder that cannot be written nothing is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from miner.errors import IndexCorrupt, OutputError
from miner.index.index import Index
from miner.storage import sealed

MAX_BYTES = 2**30
"""Of what an index keeps; beyond, the oldest goes."""
LEAST_BYTES = 2**15
"""Less is made again as fast as it is read."""

Array = NDArray[Any]
ArraySpec = tuple[np.dtype[Any], tuple[int, ...]]
Part = Array | Iterable[str] | str


@dataclass(frozen=True, slots=True)
class MemoKind:
    """What arrays are kept as. `schema` is raised by whoever changes what the same key gives; what has less than
    `least` bytes, by default LEAST_BYTES, is made again."""

    name: str
    schema: int
    least: int | None = None


@dataclass
class Memo:
    """What is kept beside one index. One that writes more than `MAX_BYTES` in its life stops writing."""

    index: Index
    written: int = 0

    def arrays(
        self,
        kind: MemoKind,
        key: Sequence[Part],
        specs: Sequence[ArraySpec],
        compute: Callable[[], Sequence[Array]],
    ) -> Sequence[Array]:
        """What `compute` gives, arrays of the dtypes and shapes of `specs`, or gave before for the same key."""
        sizes = [dtype.itemsize * int(np.prod(shape)) for dtype, shape in specs]
        least = LEAST_BYTES if kind.least is None else kind.least
        if not self.index.caching or sum(sizes) < least:
            return compute()
        stem = f"cache/{kind.name}_{self._digest(kind, key)}-{self.index.manifest.vectors_key}"
        if (data := self._load(stem, sum(sizes))) is not None:
            pieces = np.split(data, np.cumsum(sizes)[:-1])
            return [
                np.frombuffer(piece.tobytes(), dtype).reshape(shape)
                for piece, (dtype, shape) in zip(pieces, specs, strict=True)
            ]
        made = compute()
        if self.written + sum(sizes) <= MAX_BYTES:
            self._store(stem, b"".join(np.ascontiguousarray(each).tobytes() for each in made))
        return made

    def _digest(self, kind: MemoKind, key: Sequence[Part]) -> str:
        found = hashlib.sha256(f"{kind.schema} {self.index.manifest.sha256}".encode())
        for data in (data for part in key for data in _bytes(part)):
            found.update(len(data).to_bytes(8, "little"))
            found.update(data)
        return found.hexdigest()[: sealed.DIGITS]

    def _load(self, stem: str, size: int) -> Array | None:
        with suppress(IndexCorrupt, OSError):
            if (path := sealed.whole(self.index.path, stem, ".npy")) is not None:
                return np.array(sealed.open_array(path, np.uint8, (size,)))
        return None

    def _store(self, stem: str, data: bytes) -> None:
        self.written += len(data)
        with suppress(OutputError, OSError):
            whole = sealed.array_bytes(np.frombuffer(data, np.uint8))
            sealed.seal(self.index.path, stem, ".npy", whole)
            files = [(path.stat(), path) for path in self.index.path.glob("cache/*_*.npy")]
            left = sum(stat.st_size for stat, _ in files)
            for stat, path in sorted(files, key=lambda each: each[0].st_mtime_ns):
                if left <= MAX_BYTES:
                    break
                path.unlink(missing_ok=True)
                left -= stat.st_size


def _bytes(part: Part) -> Iterator[bytes]:
    """What stands for a part of a key; where it ends is part of it."""
    if isinstance(part, np.ndarray):
        yield f"{part.dtype} {part.shape}".encode()
        yield np.ascontiguousarray(part).tobytes()
    elif isinstance(part, str):
        yield part.encode("utf-8", "surrogatepass")
    else:
        texts = list(part)
        yield np.array(list(map(len, texts)), np.int64).tobytes()
        yield "".join(texts).encode("utf-8", "surrogatepass")
