"""Batches in which a text's vector comes out the same, bit for bit, whatever lies beside it.

What changes the bits of a row is the width it is padded to: attention and softmax sum in an order that
depends on it. The number of rows does not (matrix products keep the order of their sums from a handful
of rows up), nor their order, nor the number of threads. So the width is a function of the text's own
length, and a batch holds texts of one width; how many there are is left to the call. Where the device
picks its kernels by the number of rows as well, as GPUs do, every batch of a width is filled to the
same height.

Each batch is computed by one thread, several at a time: no barriers, and nothing to sum across threads.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np

from miner.data import Float32, Int64
from miner.encoders.tokens import Tokenizer, Tokens
from miner.progress import ticker

LEAST_TOKENS = 16
"""Below this, matrix products take another path."""

QUEUED = 8
"""Batches ready for each worker, so that tokenising never holds one up."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of one width, padded to the right."""

    rows: Int64
    """[n] which texts."""
    ids: Int64
    """[at least n, width]; the rows past n repeat the last one."""
    mask: Int64
    """[at least n, width] 1 at tokens, 0 at padding."""


Forward = Callable[[Batch], Float32]
"""A batch's vectors [at least n, dim]."""


@dataclass(frozen=True)
class Shape:
    """How texts become batches."""

    digits: int | None = None
    """Widths have so many binary digits; without, a text's width is its length."""
    tokens: int = 1024
    """Of a batch, padding included; a longer text is a batch of its own."""
    least_rows: int = 1
    heights: int | None = None
    """Heights have so many binary digits, where a new shape costs time and memory; the last batch of a width is filled
    up to the next."""
    filled: bool = False
    """Whether all batches of a width have the same number of rows."""

    def widths(self, lengths: Int64) -> Int64:
        """How wide texts of these lengths become: with four digits one token of padding in thirty, with three
        one in twelve, and half as many widths."""
        return lengths if self.digits is None else _rounded_up(lengths, self.digits)

    def least(self, width: int) -> int:
        return self._height(max(self.least_rows, -(-LEAST_TOKENS // width)))

    def capacity(self, width: int) -> int:
        """Rows of a full batch."""
        rows = max(self.tokens // width, self.least(width))
        if self.heights is None:
            return rows
        return rows >> (spare := max(rows.bit_length() - self.heights, 0)) << spare

    def rest(self, rows: int, width: int) -> int:
        """How high a batch becomes that is not full."""
        return self.capacity(width) if self.filled else max(self._height(rows), self.least(width))

    def _height(self, rows: int) -> int:
        return rows if self.heights is None else int(_rounded_up(np.int64(rows), self.heights))


def _rounded_up(numbers: Any, digits: int) -> Any:
    """The next numbers that have so many binary digits, and zeros behind them."""
    step = 1 << np.maximum(np.int64(np.log2(np.maximum(numbers - 1, 1))) - digits + 1, 0)
    return -(-numbers // step) * step


def batches(windows: Iterable[Tokens], shape: Shape, pad: int) -> Iterator[Batch]:
    """Full batches as soon as there are enough texts of a width, the others at the end, the largest first: no
    core waits long for the last."""
    waiting = defaultdict[int, deque[Batch]](deque)
    start = 0
    for tokens in windows:
        for width, batch in _by_width(tokens, start, shape, pad):
            waiting[width].append(batch)
            count, full = sum(len(piece.rows) for piece in waiting[width]), shape.capacity(width)
            if count >= full:
                joined = _join(waiting.pop(width))
                whole = count - count % full
                for first in range(0, whole, full):
                    yield _cut(joined, slice(first, first + full), full)
                if whole < count:
                    waiting[width].append(_cut(joined, slice(whole, count), count - whole))
        start += len(tokens.lengths)
    rest = ((width, _join(pieces)) for width, pieces in waiting.items() if pieces)
    for width, joined in sorted(rest, key=lambda each: each[1].ids.size, reverse=True):
        yield _cut(joined, slice(None), shape.rest(len(joined.rows), width))


def _by_width(tokens: Tokens, start: int, shape: Shape, pad: int) -> Iterator[tuple[int, Batch]]:
    widths = shape.widths(tokens.lengths)
    firsts = np.cumsum(tokens.lengths) - tokens.lengths
    for width in np.unique(widths[tokens.lengths > 0]).tolist():
        rows = np.flatnonzero(widths == width)
        real = np.arange(width) < tokens.lengths[rows, None]
        ids = np.full(real.shape, pad, np.int64)
        ids[real] = tokens.ids[(firsts[rows, None] + np.arange(width))[real]]
        yield width, Batch(rows + start, ids, real.astype(np.int64))


def _join(pieces: Sequence[Batch]) -> Batch:
    rows, ids, mask = ([getattr(p, name) for p in pieces] for name in ("rows", "ids", "mask"))
    return Batch(np.concatenate(rows), np.concatenate(ids), np.concatenate(mask))


def _cut(batch: Batch, part: slice, height: int) -> Batch:
    rows, ids, mask = batch.rows[part], batch.ids[part], batch.mask[part]
    if height > len(rows):
        again = np.minimum(np.arange(height), len(rows) - 1)
        ids, mask = ids[again], mask[again]
    return Batch(rows, ids, mask)


def run(made: Iterable[Batch], workers: Sequence[Forward], out: Float32) -> int:
    """Fill out's rows, one thread a worker; the number of tokens, padding and repeats aside.

    Rows of texts without a single token are left as they are.
    """
    tell, free = ticker(), SimpleQueue[Forward]()
    for worker in workers:
        free.put(worker)

    def work(batch: Batch) -> int:
        worker = free.get()
        try:
            out[batch.rows] = worker(batch)[: len(batch.rows)]
        finally:
            free.put(worker)
        tell(len(batch.rows))
        return int(batch.mask[: len(batch.rows)].sum())

    tokens, running = 0, deque[Future[int]]()
    with ThreadPoolExecutor(len(workers)) as pool:
        for batch in made:
            running.append(pool.submit(work, batch))
            if len(running) > QUEUED * len(workers):
                tokens += running.popleft().result()
        return tokens + sum(future.result() for future in running)


def encode(
    texts: Sequence[str],
    prompt: str,
    tokenizer: Tokenizer,
    workers: Sequence[Forward],
    shape: Shape,
    dim: int,
) -> tuple[Float32, int]:
    """Unit float32 rows [len(texts), dim] and the tokens it took; equal texts are encoded once."""
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    out = np.zeros((len(places), dim), np.float32)
    windows = tokenizer.windows(list(places), prompt)
    tokens = run(batches(windows, shape, tokenizer.pad), workers, out) if places else 0
    return unit(out)[[places[text] for text in texts]], tokens


def unit(vectors: Float32) -> Float32:
    """Rows of length 1; a row of zeros becomes the first axis."""
    norms = np.sqrt(np.sum(np.square(vectors, dtype=np.float64), axis=1, keepdims=True))
    vectors[norms[:, 0] == 0, 0] = 1.0
    return np.asarray(vectors / np.where(norms == 0, 1.0, norms), np.float32)
