"""The main job with the real weights, on the packaged sample."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from miner import samples
from miner.corpus import read_corpus
from miner.corpus.queries import read_queries
from miner.data import Float32, Query
from miner.encoders import Encoder
from miner.encoders.load import load_encoder
from miner.filters import Margin
from miner.index import Index, build_index
from miner.mining import miner as mining
from miner.mining.recipe import Recipe
from miner.mining_tasks.mine import mine
from miner.selectors import Top
from miner.storage.files import write_jsonl
from tests.support import oracle

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def model() -> Iterator[Encoder]:
    """It works through each passage once for all tests of this file."""
    model, known = load_encoder(), dict[str, Float32]()
    embed = model.encode_passages

    def remembered(texts: Sequence[str]) -> Float32:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, embed(new), strict=True))
        return np.stack([known[text] for text in texts])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "encode_passages", remembered)
        yield model


@pytest.fixture(scope="module")
def index(sample: Path, model: Encoder) -> Index:
    return build_index(read_corpus(sample / "corpus"), sample / "index", model)


@pytest.fixture(scope="module")
def queries(sample: Path) -> list[Query]:
    return list(read_queries(sample / "queries.jsonl"))


def test_the_real_model_agrees_with_the_oracle(
    index: Index, sample: Path, model: Encoder, queries: list[Query]
) -> None:
    some = queries[::12]
    mined = mine(some, index, Recipe(filters=(Margin(relative=0.05),), select=Top()), encoder=model)
    found = [[negative.id for negative in mined[i].negatives] for i in range(len(some))]
    assert found == oracle.mine(list(read_corpus(sample / "corpus")), some, model, 5)


@pytest.fixture(scope="module")
def part(sample: Path) -> Path:
    """A third of the sample, as files of passages and of the queries that they answer."""
    folder = sample / "part"
    folder.mkdir()
    passages = list(read_corpus(sample / "corpus"))
    ids = {passage.id for passage in passages[: len(passages) // 3]}
    rows = [{"_id": p.id, "title": p.title, "text": p.text} for p in passages if p.id in ids]
    write_jsonl(folder / "corpus.jsonl", rows)
    lines = map(json.loads, (sample / "queries.jsonl").read_text().splitlines())
    write_jsonl(folder / "queries.jsonl", [line for line in lines if ids.issuperset(line["relevant_ids"])])
    return folder


def test_blocks_shards_and_threads_change_no_byte(
    part: Path, model: Encoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    index, queries = (
        build_index(read_corpus(part / "corpus.jsonl"), tmp_path / "index", model),
        list(read_queries(part / "queries.jsonl")),
    )
    assert len(queries) > 50
    mine(queries, index, encoder=model).write(tmp_path / "a.jsonl")
    monkeypatch.setattr(mining, "SEARCH_QUERIES", 20)
    monkeypatch.setattr(mining, "POOL_QUERIES", 7)
    code = (
        "import sys, miner\nfrom miner.index import build_index\n"
        "from miner.corpus import read_corpus\nfrom pathlib import Path\n"
        "model = miner.load_encoder()\npart = Path(sys.argv[1])\n"
        "index = build_index(read_corpus(part / 'corpus.jsonl'), Path(sys.argv[2]), model, shard_size=33)\n"
        "miner.mine(miner.read_queries(part / 'queries.jsonl'), index, encoder=model).write(sys.argv[3])\n"
    )
    command = [sys.executable, "-c", code, str(part), str(tmp_path / "other"), str(tmp_path / "c.jsonl")]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "2"})
    mine(queries, index, encoder=model).write(tmp_path / "b.jsonl")
    for ending in ("jsonl", "receipts.jsonl"):
        contents = {(tmp_path / f"{name}.{ending}").read_bytes() for name in "abc"}
        assert len(contents) == 1


def wrong(negatives: list[set[str]], answers: list[set[str]]) -> float:
    """The share of negatives that answer their query."""
    return sum(len(n & a) for n, a in zip(negatives, answers, strict=True)) / sum(map(len, negatives))


def test_negatives_of_the_sample_are_hard_and_seldom_wrong(
    index: Index, sample: Path, queries: list[Query], model: Encoder
) -> None:
    names = {row.text: number for number, row in enumerate(queries)}
    answers: list[set[str]] = [set() for _ in queries]
    asked = {f"q{number + 1:03d}": number for number in range(len(queries))}
    assert len(names) == len(asked)
    with (sample / "judgments.tsv").open() as file:
        judged = defaultdict(set)
        for row in csv.DictReader(file, delimiter="\t"):
            if row["score"] == "2":
                judged[row["query-id"]].add(row["corpus-id"])
    for id, number in asked.items():
        answers[number] = judged[id]
    outcomes = {}
    for name, recipe in {"naive": Recipe(filters=(), select=Top()), "risk": Recipe()}.items():
        mined = mine(queries, index, recipe, encoder=model)
        picked = [{negative.id for negative in mined[i].negatives} for i in range(len(queries))]
        assert all(len(each) == 5 for each in picked)
        outcomes[name] = wrong(picked, answers)
    assert outcomes["risk"] < 0.5 * outcomes["naive"]
    assert outcomes["risk"] < 0.01
