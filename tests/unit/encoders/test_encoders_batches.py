"""Texts to batches: each once, of one width, at the height that was promised."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from miner.data import Int64
from miner.encoders.batches import Batch, Shape, batches, run
from miner.encoders.tokens import Tokens

PAD = 7777


def windows(lengths: Int64, size: int = 10) -> Iterator[Tokens]:
    """Text i holds the ids 100 i, 100 i + 1, …"""
    for start in range(0, len(lengths), size):
        part = lengths[start : start + size]
        ids = [100 * (start + i) + np.arange(length) for i, length in enumerate(part)]
        yield Tokens(part, np.concatenate(ids).astype(np.int32))


LENGTHS = np.random.default_rng(0).integers(1, 100, 137)


@pytest.mark.parametrize(
    "shape",
    [
        Shape(),
        Shape(3),
        Shape(tokens=64, least_rows=4),
        Shape(4, tokens=128, filled=True),
        Shape(4, heights=3),
    ],
)
def test_every_text_is_in_one_batch_with_its_own_ids(shape: Shape) -> None:
    seen: list[int] = []
    for batch in batches(windows(LENGTHS), shape, PAD):
        seen += batch.rows.tolist()
        width = batch.ids.shape[1]
        assert set(shape.widths(LENGTHS[batch.rows]).tolist()) == {width}
        for row, ids, mask in zip(batch.rows, batch.ids, batch.mask, strict=False):
            length = LENGTHS[row]
            np.testing.assert_array_equal(ids[:length], 100 * row + np.arange(length))
            assert (ids[length:] == PAD).all()
            assert mask.tolist() == [1] * length + [0] * (width - length)
    assert sorted(seen) == list(range(len(LENGTHS)))


def test_no_batch_is_larger_than_its_tokens_unless_one_text_is() -> None:
    sizes = [batch.ids.size for batch in batches(windows(LENGTHS), Shape(tokens=64), PAD)]
    assert max(sizes) <= 99
    assert all(size <= 64 for size in sizes if size not in LENGTHS)


def test_filled_batches_of_a_width_have_one_height() -> None:
    heights: dict[int, set[int]] = {}
    for batch in batches(windows(LENGTHS), Shape(4, tokens=128, least_rows=2, filled=True), PAD):
        heights.setdefault(batch.ids.shape[1], set()).add(len(batch.ids))
        assert (batch.ids[len(batch.rows) :] == batch.ids[len(batch.rows) - 1]).all()
    assert all(len(found) == 1 for found in heights.values())


def test_small_batches_are_filled_up_to_the_least() -> None:
    made = list(batches(windows(np.array([1, 20])), Shape(least_rows=4), PAD))
    assert {batch.ids.shape for batch in made} == {(16, 1), (4, 20)}


def test_heights_have_few_binary_digits() -> None:
    made = list(batches(windows(np.full(45, 20)), Shape(tokens=660, heights=3), PAD))
    assert [(len(batch.rows), len(batch.ids)) for batch in made] == [(32, 32), (13, 14)]
    made = list(batches(windows(np.full(45, 20)), Shape(tokens=600, heights=3), PAD))
    assert [(len(batch.rows), len(batch.ids)) for batch in made] == [(28, 28), (17, 20)]
    made = list(batches(windows(np.full(7, 3)), Shape(heights=2), PAD))
    assert [(len(batch.rows), len(batch.ids)) for batch in made] == [(7, 8)]


@pytest.mark.parametrize("tokens", [16, 100, 1024])
def test_no_batch_that_is_not_full_is_higher_than_a_full_one(tokens: int) -> None:
    shape = Shape(4, tokens=tokens, heights=3)
    for width in range(1, 300):
        full = shape.capacity(width)
        assert all(rows <= shape.rest(rows, width) <= full for rows in range(1, full))


def test_texts_without_tokens_are_left_out() -> None:
    assert [b.rows.tolist() for b in batches(windows(np.array([0, 3, 0])), Shape(), PAD)] == [[1]]


def test_widths_have_few_binary_digits() -> None:
    lengths = np.arange(1, 5000)
    widths = Shape(4).widths(lengths)
    assert (widths >= lengths).all()
    assert (widths - lengths <= lengths / 8).all()
    assert (np.diff(widths) >= 0).all()
    np.testing.assert_array_equal(Shape(4).widths(widths), widths)
    np.testing.assert_array_equal(widths[:16], lengths[:16])
    np.testing.assert_array_equal(
        Shape(3).widths(np.array([8, 9, 17, 64, 65, 255])), [8, 10, 20, 64, 80, 256]
    )
    np.testing.assert_array_equal(Shape().widths(lengths), lengths)


@pytest.mark.parametrize("workers", [1, 3])
def test_rows_land_where_they_belong(workers: int) -> None:
    out = np.zeros((len(LENGTHS), 1), np.float32)
    made = batches(windows(LENGTHS), Shape(tokens=64, least_rows=2), PAD)
    tokens = run(made, [lambda batch: batch.ids[:, :1].astype(np.float32)] * workers, out)
    np.testing.assert_array_equal(out[:, 0], 100 * np.arange(len(LENGTHS)))
    assert tokens == LENGTHS.sum()


def test_an_error_in_a_worker_comes_out() -> None:
    def broken(batch: Batch) -> np.ndarray:
        raise MemoryError

    with pytest.raises(MemoryError):
        run(batches(windows(LENGTHS), Shape(), PAD), [broken], np.zeros((len(LENGTHS), 1), np.float32))
