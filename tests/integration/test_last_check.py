"""The last check before rows are written believes nothing of mining."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import MinerError
from miner.index import build_index
from miner.mining.recipe import Recipe
from miner.mining.result import MiningResult
from miner.mining_tasks.mine import mine
from miner.selectors import Top
from tests.support.passages import STRANGE, passage, sentences

ENCODER = HashingEncoder(64)
RELEVANT = passage("Latin", "medium")
TEXTS = [
    *STRANGE["Latin"],
    RELEVANT.replace("granite", "grantie"),
    " ".join([*sentences("Latin", "medium")[1:], *STRANGE["Latin"]]),
]


def mined(folder: Path, ids: list[str]) -> MiningResult:
    passages = [Passage(id, text) for id, text in zip(ids, [RELEVANT, *TEXTS], strict=True)]
    index = build_index(passages, folder / "i", ENCODER)
    queries = [Query("When do boats leave?", (), (ids[0],))]
    found: MiningResult = mine(queries, index, Recipe(n=1, select=Top()), encoder=ENCODER)
    return found


def with_negative(result: MiningResult, id: str) -> MiningResult:
    """As if mining had chosen another passage."""
    (row,) = result.index.rows_of_ids([id]).tolist()
    return replace(result, picks=[replace(result.picks[0], rows=np.array([row]))])


IDS = [f"p{number}" for number in range(len(TEXTS) + 1)]


@pytest.mark.parametrize("id", IDS[-2:])
def test_what_mining_let_through_is_not_written(tmp_path: Path, id: str) -> None:
    result = mined(tmp_path, IDS)
    wrong = with_negative(result, id)
    for _ in range(2):
        with pytest.raises(MinerError, match="near_copy"):
            wrong.write(tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_what_it_found_before_holds_for_the_same_texts_alone(tmp_path: Path) -> None:
    result = mined(tmp_path, IDS)
    result.write(tmp_path / "out.jsonl")
    result.write(tmp_path / "again.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "again.jsonl").read_bytes()
    with pytest.raises(MinerError, match="near_copy"):
        with_negative(result, IDS[-1]).write(tmp_path / "again.jsonl")


def test_a_part_of_the_same_document_that_shares_text_is_not_written(tmp_path: Path) -> None:
    text = " ".join([*STRANGE["Latin"][::-1], sentences("Latin", "medium")[0], *STRANGE["Latin"]])
    texts = {"boats#1": RELEVANT, "boats#2": text, **dict(zip(IDS, STRANGE["Latin"], strict=False))}
    index = build_index([Passage(id, each) for id, each in texts.items()], tmp_path / "i", ENCODER)
    result = mine([Query("boats", (), ("boats#1",))], index, Recipe(n=1, select=Top()), encoder=ENCODER)
    assert result[0].negatives[0].id != "boats#2"
    with pytest.raises(MinerError, match="overlapping"):
        with_negative(result, "boats#2").write(tmp_path / "out.jsonl")
