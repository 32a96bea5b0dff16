from __future__ import annotations

from datasets import Dataset

from miner.training.collate import SharedPassages
from miner.training.grouping import DRAWN

TOPICS, OF_EACH = 6, 8


def rows(count: int = TOPICS * OF_EACH) -> Dataset:
    """Rows of a topic share two passages of three; neighbours are of different topics."""
    documents = [
        [f"right for {i}", f"first of {i % TOPICS}", f"second of {i % TOPICS}"] for i in range(count)
    ]
    return Dataset.from_dict({"query": [f"q{i}" for i in range(count)], "documents": documents})


def embedded(data: Dataset, batches: list[list[int]]) -> int:
    return sum(len({text for row in batch for text in data[row]["documents"]}) for batch in batches)


def test_an_epoch_holds_every_row_once_in_batches_of_the_size_asked_for() -> None:
    sampler = SharedPassages(rows(2 * DRAWN + 3), 8)
    batches = list(sampler)
    assert sorted(row for batch in batches for row in batch) == list(range(2 * DRAWN + 3))
    assert [len(batch) for batch in batches] == [8] * 16 + [3]
    assert len(sampler) == len(batches) == 17


def test_rows_that_share_passages_come_together() -> None:
    data = rows()
    right, shared = TOPICS * OF_EACH, 2 * TOPICS
    assert embedded(data, list(SharedPassages(data, OF_EACH))) == right + shared


def test_the_order_goes_by_seed_and_epoch() -> None:
    data = rows()
    sampler, same = SharedPassages(data, 4, seed=1), SharedPassages(data, 4, seed=1)
    first = list(sampler)
    assert first == list(same)
    sampler.set_epoch(1)
    assert first != list(sampler)
    assert first != list(SharedPassages(data, 4, seed=2))


def test_a_last_batch_that_is_not_full_can_be_left_out() -> None:
    sampler = SharedPassages(rows(10), 4, drop_last=True)
    assert [len(batch) for batch in sampler] == [4, 4]
    assert len(sampler) == 2
