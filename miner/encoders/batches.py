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

import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

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
    powers: bool = False
    """Whether heights are powers of two, where a new shape costs time and memory."""
    filled: bool = False
    """Whether all batches of a width have the same number of rows."""

    def widths(self, lengths: Int64) -> Int64:
        """How wide texts of these lengths become: with four digits one token of padding in thirty, with three
        one in twelve, and half as many widths."""
        if self.digits is None:
            return lengths
        step = 1 << np.maximum(np.int64(np.log2(np.maximum(lengths - 1, 1))) - self.digits + 1, 0)
        return np.asarray(-(-lengths // step) * step, np.int64)

    def least(self, width: int) -> int:
        rows = max(self.least_rows, -(-LEAST_TOKENS // width))
        return 1 << (rows - 1).bit_length() if self.powers else rows

    def capacity(self, width: int) -> int:
        """Rows of a full batch."""
        rows = max(self.tokens // width, self.least(width))
        return 1 << (rows.bit_length() - 1) if self.powers else rows

    def rest(self, rows: int, width: int) -> Iterator[tuple[int, int]]:
        """How fewer texts than a full batch holds are shared out: texts and height of each batch."""
        while rows:
            part = 1 << (rows.bit_length() - 1) if self.powers and rows > self.least(width) else rows
            yield part, self.capacity(width) if self.filled else max(part, self.least(width))
            rows -= part


def batches(windows: Iterable[Tokens], shape: Shape, pad: int) -> Iterator[Batch]:
    """Full batches as soon as there are enough texts of a width, the others at the end, widest first."""
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
    for width in sorted(waiting, reverse=True):
        joined, first = _join(waiting[width]), 0
        for rows, height in shape.rest(len(joined.rows), width):
            yield _cut(joined, slice(first, first + rows), height)
            first += rows


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


def cores() -> int:
    """Threads to use: OMP_NUM_THREADS, else the processors this process may run on."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
