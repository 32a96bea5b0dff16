"""What people hand to mine and build_index: kinds that work alike, and the mistakes, each told in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

import miner
from miner import HashingEncoder, Index, Margin, Passage, Query, Recipe, Risk, Top, build_index, mine
from miner.errors import MinerError
from miner.mining.given import recipe_with
from miner.search.search import Search

ROWS = [
    {"question": f"how do I renew my {thing}", "answer": f"Renew the {thing}."}
    for thing in ("plan", "gift card")
]


@pytest.fixture(scope="module")
def index(
    tmp_path_factory: pytest.TempPathFactory, passages: list[Passage], encoder: HashingEncoder
) -> Index:
    return build_index(passages, tmp_path_factory.mktemp("index") / "help", encoder)


def found(result: miner.MiningResult) -> list[tuple[str, ...]]:
    return [row.hard_negatives for row in result]


def test_an_index_is_given_by_itself_or_by_its_path(index: Index, queries: list[Query]) -> None:
    expected = found(mine(queries, index))
    for given in (str(index.path), index.path, [index], (str(index.path),)):
        assert found(mine(queries, given)) == expected


def test_a_recipe_is_given_whole_or_by_its_fields(index: Index, queries: list[Query]) -> None:
    whole = mine(queries, index, Recipe(n=3, filters=(Margin(relative=0.05),), select=Top(), seed=7))
    fields = mine(queries, index, n=3, filters=["margin(relative=0.05)"], select="top()", seed=7)
    mixed = mine(queries, index, Recipe(n=9, select=Top()), n=3, filters=Margin(relative=0.05), seed=7)
    assert found(whole) == found(fields) == found(mixed)


def test_a_cap_on_the_risk_takes_the_hardest_under_it() -> None:
    recipe = recipe_with(None, {"max_risk": 0.02, "n": 120})
    assert recipe.filters == (*Recipe().filters, Risk(0.02))
    assert recipe.select == Top()
    assert recipe.depth == 120
    assert recipe_with(Recipe(filters=(Risk(0.5),)), {"max_risk": np.float32(0.5)}).filters == (Risk(0.5),)
    assert recipe_with(None, {"max_risk": 0.02, "select": "below()"}).select != Top()
    assert recipe_with(None, {"search": "hnsw"}).search == Search("hnsw")
    assert recipe_with(None, {"n": np.int64(3)}).n == 3


def test_queries_are_given_by_path_or_as_data(index: Index, tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_bytes(
        b"\n".join(orjson.dumps({"query": r["question"], "relevant_passages": [r["answer"]]}) for r in ROWS)
    )
    expected = found(mine(ROWS, index))
    assert found(mine(file, index)) == expected
    assert found(mine(str(file), index)) == expected
    assert found(mine([(row["question"], row["answer"]) for row in ROWS], index)) == expected
    given = [{"Frage": row["question"], "Antwort": row["answer"]} for row in ROWS]
    assert found(mine(given, index, columns={"query": "Frage", "relevant_passages": "Antwort"})) == expected


def test_an_index_of_texts_takes_any_encoder(tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(20)]
    by_object = build_index(texts, tmp_path / "a", HashingEncoder())
    by_name = build_index(
        ({"body": text} for text in texts), tmp_path / "b", "hashing", columns={"text": "body"}
    )
    assert by_object.manifest.corpus == by_name.manifest.corpus
    np.testing.assert_array_equal(by_object.vectors(range(20)), by_name.vectors(range(20)))


def test_vectors_made_elsewhere_build_and_mine(
    tmp_path: Path, queries: list[Query], passages: list[Passage]
) -> None:
    encoder = HashingEncoder()
    of_passages = encoder.encode_passages([passage.encoded for passage in passages])
    asked = [Query(query.text, relevant_ids=query.relevant_ids) for query in queries]
    of_queries = encoder.encode_queries([query.text for query in asked])
    np.save(tmp_path / "v.npy", of_passages)
    expected = found(mine(asked, build_index(passages, tmp_path / "a", encoder)))
    alone = build_index(passages, tmp_path / "b", vectors=tmp_path / "v.npy")
    assert found(mine(asked, alone, vectors=of_queries)) == expected
    vouched = build_index(passages, tmp_path / "c", encoder, vectors=of_passages)
    assert found(mine(queries, vouched)) == found(mine(queries, tmp_path / "a"))
    with pytest.raises(MinerError, match=r"no vector for the passage 'Yes, you can"):
        mine(queries, alone, vectors=of_queries)
    with pytest.raises(MinerError, match="which cannot be loaded by name"):
        mine(asked, alone)


def test_vectors_go_by_the_row_of_the_data(tmp_path: Path, index: Index) -> None:
    rows = [ROWS[0], ROWS[1], ROWS[0]]
    vectors = HashingEncoder().encode_queries([row["question"] for row in rows])
    expected = found(mine(rows, index))
    assert found(mine(rows, index, vectors=vectors, encoder=HashingEncoder())) == expected
    assert len(expected) == 2


def test_vectors_of_queries_are_not_kept_for_another_call(index: Index) -> None:
    first, second = np.eye(256, dtype=np.float32)[:2], np.eye(256, dtype=np.float32)[2:4]
    encoder = HashingEncoder()
    one, other = (mine(ROWS, index, vectors=v, encoder=encoder).picks[0].scores for v in (first, second))
    assert not np.array_equal(one, other)


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"index": 3}, "the index is of type int; expected an Index, its path, or a list of these"),
    ({"index": []}, "the index is of type list; expected an Index"),
    ({"index": "nowhere"}, "nowhere: no such folder; expected a folder written by 'miner build-index'"),
    ({"recipe": "top()"}, "the recipe is of type str; expected a Recipe, or its fields as mine(..., n=3"),
    ({"recipe": {"n": 3}}, "the recipe is of type dict"),
    ({"max_risks": 0.1}, "unknown option 'max_risks'; did you mean max_risk?"),
    ({"batch": 3}, "unknown option 'batch'; expected any of copies, depth, emit, filters"),
    ({"n": "3"}, "n is '3'; expected a whole number"),
    ({"n": 2.5}, "n is 2.5; expected a whole number"),
    ({"n": 0}, "0 negatives a query were asked for; expected 1 or more"),
    ({"max_risk": "low"}, "max_risk is 'low'; expected a number"),
    ({"max_risk": 7}, "risk: max is 7.0; expected a probability from 0 to 1"),
    ({"filters": 3}, "filters are of type int; expected filters, or texts as 'margin()'"),
    ({"filters": [3]}, "a filter is of type int; expected one as Margin(relative=0.05)"),
    ({"filters": Margin}, "a filter is the class Margin; expected one"),
    ({"filters": "marign()"}, "unknown filter 'marign'; did you mean margin?"),
    ({"select": 3}, "the selector is of type int; expected one as Top(), or a text as 'top()'"),
    ({"select": "topp()"}, "unknown selector 'topp'; did you mean top?"),
    ({"search": 3}, "the search is of type int; expected a Search"),
    ({"search": "fast"}, "unknown search method 'fast'"),
    ({"emit": "all"}, "emit is 'all'; expected one of text, title-text"),
    ({"teacher": 3}, "the teacher is of type int; expected a CrossEncoder, its name, or a text as"),
    ({"encoder": 3}, "the encoder is of type int; expected the name or folder of a model"),
    ({"encoder": "hashing", "vectors": 3}, "the vectors are int; expected an array"),
    ({"vectors": np.ones((3, 256))}, "3 vectors were given for 2 texts; expected one for each, in their order"),
    ({"vectors": np.ones((2, 3))}, "the queries' vectors have 3 numbers, the index's 256; expected the same"),
    ({"queries": 3}, "queries: found int; expected a path"),
    ({"queries": "none.jsonl"}, "none.jsonl"),
    ({"queries": ["how?"]}, "holds no queries with what answers them"),
    ({"columns": {"frage": "x"}}, "columns has 'frage'"),
    ({"judgments": "none.jsonl"}, "none.jsonl: no such file"),
    ({"judgments": 3}, "judgments are of type int; expected a file's path"),
    ({"risk": 0.1}, "the risk is of type float; expected a model"),
    ({"depth": 10**20}, "depth is 100000000000000000000; expected a number of at most 18 digits"),
    ({"seed": -(10**20)}, "seed is -100000000000000000000; expected"),
    ({"widen": "no"}, "widen is 'no'; expected True or False"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), MISTAKES, ids=str)
def test_mistakes_are_told_in_a_sentence(index: Index, given: dict[str, Any], message: str) -> None:
    with pytest.raises(MinerError) as caught:
        mine(**{"queries": ROWS, "index": index, "recipe": None, **given})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


BUILDS: list[tuple[dict[str, Any], str]] = [
    ({"corpus": 3}, "passages: found int; expected a path"),
    ({"out": 3}, "the index is to be in 3; expected a folder or a URI"),
    ({"out": None}, "passages have no name to call an index by; name a folder for it"),
    ({"encoder": 3}, "the encoder is of type int"),
    ({"vectors": np.ones((3, 2))}, "3 vectors were given for 2 texts"),
    ({"vectors": np.eye(2, 256), "encoder": "hashing"}, "the vectors given are not the encoder's"),
    ({"clean": "html"}, "only texts read from files are cleaned"),
    ({"corpus": [3]}, "passages:1: is of type int; expected a dict or a text"),
    ({"corpus": []}, "the corpus has no passage with text"),
    ({"columns": {"text": "body"}}, "passages:1: has no column 'body'; found text"),
]


@pytest.mark.parametrize(("given", "message"), BUILDS, ids=str)
def test_mistakes_with_a_corpus_are_told_in_a_sentence(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    encoder = {} if "vectors" in given else {"encoder": "hashing"}
    with pytest.raises(MinerError) as caught:
        build_index(**{"corpus": ["a", "b"], "out": tmp_path / "index", **encoder, **given})
    assert message in str(caught.value)
    assert not (tmp_path / "index" / "manifest.json").exists()
