"""What is said where the encoder is not that of an index."""

from __future__ import annotations

from typing import Any

import pytest

from miner.errors import IndexMismatch
from miner.index.fingerprint import check_fingerprint, difference
from miner.storage.mirror import place_of

MINILM: dict[str, Any] = {
    "backend": "torch",
    "dtype": "fp32",
    "model": "all-MiniLM-L6-v2",
    "max_length": 256,
    "files": {"model.safetensors": "a" * 64, "tokenizer.json": "b" * 64},
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dtype": "int8"}, "dtype is 'fp32' there and 'int8' here"),
        (
            {"dtype": "int8", "model": "e5", "max_length": 512},
            "model is 'all-MiniLM-L6-v2' there and 'e5' here",
        ),
        ({"max_length": 128}, "max length is 256 there and 128 here"),
        ({"pooling": "cls"}, "pooling is missing there and 'cls' here"),
    ],
)
def test_the_one_difference_that_tells_most_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(IndexMismatch) as error:
        check_fingerprint(place_of("indexes/help"), MINILM, MINILM | changed)
    assert str(error.value).endswith(f"was built with another encoder: {said}")
    assert len(str(error.value)) < 200


def test_of_a_nested_field_the_part_that_differs_is_named() -> None:
    files = MINILM["files"] | {"tokenizer.json": "c" * 64}
    assert difference(MINILM, MINILM | {"files": files}) == ("files: tokenizer.json", "b" * 64, "c" * 64)
