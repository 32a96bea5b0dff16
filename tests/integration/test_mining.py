"""Mining as a whole, with the hashing encoder, held against the brute-force oracle."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from miner.errors import ConfigError, OutputError
from miner.filters import Margin, Rank, Score
from miner.index import Index, build_index
from miner.mining import miner as mining
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.selectors import Diverse, Sample, Top
from miner.text.copies import Copies
from miner.text.match import Match, MatchRequest, match
from miner.text.near_copies import NearCopies
from tests.support import oracle

MARGIN = (Margin(relative=0.05),)


@pytest.fixture(scope="module")
def index(
    tmp_path_factory: pytest.TempPathFactory, passages: list[Passage], encoder: HashingEncoder
) -> Index:
    return build_index(passages, tmp_path_factory.mktemp("index") / "help", encoder, shard_size=50)


def test_mining_agrees_with_the_oracle(
    index: Index, passages: list[Passage], queries: list[Query], encoder: HashingEncoder
) -> None:
    mined = mine(queries, index, Recipe(filters=MARGIN, select=Top(), depth=20), encoder=encoder)
    found = [[negative.id for negative in mined[i].negatives] for i in range(len(mined))]
    assert found == oracle.mine(passages, queries, encoder, 5)
    assert sum(map(len, found)) > 200


@pytest.mark.parametrize(("block", "pool"), [(1, 1), (7, 3), (4096, 128)])
def test_rows_do_not_depend_on_block_sizes(
    index: Index, queries: list[Query], encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path, block: int, pool: int,
) -> None:  # fmt: skip
    recipe = Recipe(select=Sample(), depth=20)
    mine(queries, index, recipe, encoder=encoder).write(tmp_path / "a.jsonl")
    monkeypatch.setattr(mining, "SEARCH_QUERIES", block)
    monkeypatch.setattr(mining, "POOL_QUERIES", pool)
    mine(queries, index, recipe, encoder=encoder).write(tmp_path / "b.jsonl")
    for ending in ("jsonl", "receipts.jsonl"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


@pytest.mark.parametrize("room", [1, 50_000])
def test_rows_do_not_depend_on_how_much_text_is_compared_at_once(
    passages: list[Passage], queries: list[Query], encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path, room: int,
) -> None:  # fmt: skip
    for name in ("a", "b"):
        mine(queries, build_index(passages, tmp_path / name, encoder), encoder=encoder).write(
            tmp_path / f"{name}.jsonl"
        )
        monkeypatch.setattr("miner.mining.compare.ROOM", room)
    for ending in ("jsonl", "receipts.jsonl"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


@pytest.mark.parametrize("shard_size", [1, 17, 4096])
def test_rows_do_not_depend_on_shard_size(
    index: Index, passages: list[Passage], queries: list[Query], encoder: HashingEncoder, tmp_path: Path,
    shard_size: int
) -> None:  # fmt: skip
    other = build_index(passages, tmp_path / "other", encoder, shard_size=shard_size)
    mine(queries, index, encoder=encoder).write(tmp_path / "a.jsonl")
    mine(queries, other, encoder=encoder).write(tmp_path / "b.jsonl")
    for ending in ("jsonl", "receipts.jsonl"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_rows_do_not_depend_on_the_order_of_queries(
    index: Index, queries: list[Query], encoder: HashingEncoder
) -> None:
    recipe = Recipe(select=Sample())
    forward = list(mine(queries, index, recipe, encoder=encoder))
    assert list(mine(queries[::-1], index, recipe, encoder=encoder))[::-1] == forward


def recase(text: str) -> str:
    return text.swapcase()


def respace(text: str) -> str:
    return "  ".join(text.split(" ")).replace("plan", "pl an")


def repunctuate(text: str) -> str:
    return "".join("…" if character in string.punctuation else character for character in text) + "!!"


def truncate(text: str) -> str:
    return text[: len(text) * 2 // 3]


def extend(text: str) -> str:
    return f"Good to know: {text} See also the next page."


def edit(text: str) -> str:
    words = text.split()
    return " ".join([*words[:4], "really", *words[5:]])


@pytest.mark.parametrize("change", [recase, respace, repunctuate, truncate, extend, edit])
@pytest.mark.parametrize("emit", ["text", "title-text"])
def test_a_changed_copy_of_a_relevant_passage_never_comes_back(
    index: Index, passages: list[Passage], encoder: HashingEncoder, change: Callable[[str], str], emit: str
) -> None:
    asked = passages[::7]
    queries = [Query(f"question {i} about {p.title}", (change(p.text),)) for i, p in enumerate(asked)]
    recipe = Recipe(n=10, filters=(), emit=emit)
    mined = mine(queries, index, recipe, encoder=encoder)
    for i, passage in enumerate(asked):
        assert passage.id not in {negative.id for negative in mined[i].negatives}


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.lists(st.sampled_from(["pay", "pays", "card", "Card!", "re-fund", "plan,", "now"]), max_size=5),
        min_size=3,
        max_size=12,
    )
)
def test_no_row_ever_holds_what_it_must_not(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]
) -> None:
    passages = [Passage(str(i), " ".join(words)) for i, words in enumerate(texts)]
    encoder = HashingEncoder(16)
    passages.append(Passage("last", "an entirely different sentence"))
    index = build_index(passages, tmp_path_factory.mktemp("tiny") / "i", encoder)
    queries = [Query(f"{p.text} ?", (passages[0].text or "card",), ("last",)) for p in passages]
    near = NearCopies(Copies(), index.frequencies)
    for row in mine(queries, index, Recipe(filters=()), encoder=encoder):
        codes = match(MatchRequest(row.query, row.hard_negatives, row.relevant_passages), near)
        assert set(codes.tolist()) <= {Match.NONE}


def test_too_few_survivors_widen_the_search_to_the_end_and_rows_are_never_padded(
    index: Index, queries: list[Query], encoder: HashingEncoder
) -> None:
    rank = Recipe(filters=(Rank(first=150, last=190),), depth=5)
    assert mine(queries, index, rank, encoder=encoder).counts()["short_rows"] == 0
    none = mine(queries, index, Recipe(filters=(Score(min=0.99),), depth=5), encoder=encoder)
    counts = none.counts()
    assert counts["short_rows"] == len(queries)
    assert counts["negatives"] == 0
    assert counts["candidates"] == len(queries) * len(index)
    assert counts["short_rows_rejected"]["score(min=0.99)"] > 0.8 * counts["candidates"]


def test_kept_padding_and_rejected_add_up_to_all_candidates(
    index: Index, queries: list[Query], encoder: HashingEncoder
) -> None:
    counts = mine(queries, index, Recipe(depth=50), encoder=encoder).counts()
    assert counts["kept"] + counts["padding"] + sum(counts["rejected"].values()) == counts["candidates"]
    assert counts["rejected"]["same_id"] > 0


def test_negatives_that_a_row_came_with_are_kept_if_valid_and_topped_up(
    index: Index, passages: list[Passage], encoder: HashingEncoder
) -> None:
    relevant = passages[0]
    given = ("A negative of our own.", relevant.text.upper(), "a NEGATIVE of our own", passages[40].text)
    query = Query("how to cancel", relevant_ids=(relevant.id,), hard_negatives=given)
    mined = mine([query], index, Recipe(filters=()), encoder=encoder)
    row = next(iter(mined))
    assert row.hard_negatives[:2] == (given[0], given[3])
    assert len(row.hard_negatives) == 5
    assert passages[40].id not in {negative.id for negative in mined[0].negatives}


def test_written_files_are_cohere_rows_receipts_and_the_runs_record(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    mined = mine(queries, index, Recipe(select=Diverse()), encoder=encoder)
    record = mined.write(tmp_path / "train.jsonl", {"why": "test"})
    raw = (tmp_path / "train.jsonl").read_bytes()
    rows = [json.loads(line) for line in raw.splitlines()]
    receipts = [json.loads(line) for line in (tmp_path / "train.receipts.jsonl").read_bytes().splitlines()]
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert {tuple(row) for row in rows} == {("query", "relevant_passages", "hard_negatives")}
    assert len(rows) == len(receipts) == len(queries) == record["counts"]["rows"]
    for row, receipt in zip(rows, receipts, strict=True):
        assert receipt["query"] == row["query"]
        assert len(receipt["negatives"]) == len(row["hard_negatives"])
        best = max(relevant["similarity"] for relevant in receipt["relevant"])
        for negative in receipt["negatives"]:
            assert negative["share"] == pytest.approx(negative["similarity"] / best, abs=1e-5)
            assert negative["rank"] >= 1
    assert json.loads((tmp_path / "train.run.json").read_bytes()) == record
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "train.jsonl",
        "train.receipts.jsonl",
        "train.run.json",
    ]


def test_receipts_say_where_a_negative_comes_from_and_how_it_scored(
    index: Index, passages: list[Passage], queries: list[Query], encoder: HashingEncoder
) -> None:
    by_id = {passage.id: passage for passage in passages}
    vectors = {p.id: oracle.unit16(encoder.encode_passages([p.encoded]))[0] for p in passages}
    mined = mine(queries, index, Recipe(filters=MARGIN), encoder=encoder)
    for i, query in enumerate(queries[:10]):
        asked = oracle.unit16(encoder.encode_queries([query.text]))[0]
        scores = sorted((float(np.float32(vector @ asked)) for vector in vectors.values()), reverse=True)
        for negative in mined[i].negatives:
            passage = by_id[negative.id]
            assert negative.text == passage.text
            assert negative.source == f"{passage.source}:{passage.offset}"
            assert negative.similarity == pytest.approx(float(vectors[negative.id] @ asked), abs=2e-6)
            assert scores[negative.rank - 1] == pytest.approx(negative.similarity, abs=2e-6)
            loose = oracle.unit16(encoder.encode_passages(query.relevant_passages))
            known = [vectors[id] for id in query.relevant_ids] + list(loose)
            nearest = max(float(vectors[negative.id] @ other) for other in known)
            assert negative.to_relevant == pytest.approx(nearest, abs=2e-6)


def test_an_unknown_relevant_id_is_named_with_its_place(index: Index, encoder: HashingEncoder) -> None:
    with pytest.raises(ConfigError, match=r"q\.jsonl:3: relevant id 'nope' is not in the index"):
        mine([Query("q", relevant_ids=("nope",), place="q.jsonl:3")], index, encoder=encoder)


def test_a_result_that_cannot_be_written_leaves_nothing(
    index: Index, queries: list[Query], encoder: HashingEncoder, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    mined = mine(queries[:2], index, encoder=encoder)
    with pytest.raises(OutputError):
        mined.write(tmp_path / "file" / "train.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": 5, "depth": 4}, {"emit": "all"}])
def test_a_recipe_that_cannot_be_followed_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Recipe(**wrong)  # type: ignore[arg-type]
