"""Each line of the tables of docs/python.md is run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import miner
from miner.storage.files import write_jsonl
from tests.support import encoders, static_models

datasets = pytest.importorskip("datasets", reason="the extra 'train' is not installed")
pandas = pytest.importorskip("pandas", reason="the extra 'pandas' is not installed")
polars = pytest.importorskip("polars", reason="the extra 'polars' is not installed")

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
LINES = re.findall(r"^\| ([^\n|]+) \| `([^`]+)` \|$", PAGE, re.MULTILINE)
TEXTS = ["Press pause.", "Open the settings."]


class Document:
    def __init__(self, text: str) -> None:
        self.page_content, self.metadata, self.id = text, dict[str, Any](), None


class Encodes:
    def encode(self, texts: list[str]) -> Any:
        return miner.HashingEncoder(8).encode_passages(texts)


class Embeddings:
    def embed_documents(self, texts: list[str]) -> Any:
        return miner.HashingEncoder(8).encode_passages(texts).tolist()

    def embed_query(self, text: str) -> Any:
        return self.embed_documents([text])[0]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    write_jsonl(folder / "corpus.jsonl", [{"text": f"Press pause number {i}."} for i in range(9)])
    write_jsonl(
        folder / "queries.jsonl", [{"query": "pause?", "relevant_passages": ["Press pause number 1."]}]
    )
    encoders.make_model(folder / "model")
    static_models.make_static(folder / "static")
    vectors = miner.HashingEncoder().encode_passages(TEXTS)
    np.save(folder / "vectors.npy", vectors)
    pq.write_table(pa.table({"emb": list(vectors)}), folder / "vectors.parquet")
    numbered = [f"{word} number {i} of the plan." for i in range(20) for word in ("Pause", "Renew", "Cancel")]
    miner.build_index(["Press pause.", *numbered], folder / "index", "hashing")
    return folder


@pytest.fixture(scope="module")
def given(place: Path) -> dict[str, Any]:
    """What the lines name and leave as it is."""
    from sentence_transformers import SentenceTransformer

    index = miner.open_index(place / "index")
    queries = [{"query": "pause?", "relevant_passages": ["Press pause."]}]
    return {
        "build_index": miner.build_index, "mine": miner.mine, "load_encoder": miner.load_encoder, "miner": miner,
        "datasets": datasets, "pandas": pandas, "polars": polars, "pyarrow": pa, "Document": Document,
        "Encodes": Encodes, "Embeddings": Embeddings, "SentenceTransformer": SentenceTransformer,
        "encoder": "hashing", "texts": TEXTS, "index": index, "queries": queries,
        "vectors": miner.HashingEncoder().encode_passages(TEXTS),
        "of_queries": miner.HashingEncoder().encode_queries(["pause?"]),
        "mined": miner.mine(queries, index, filters=[], select="top()"),
    }  # fmt: skip


@pytest.fixture
def names(
    given: dict[str, Any], place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.chdir(place)
    return {**given, "out": tmp_path / "out"}


CHECKS: list[tuple[type, Callable[[Any], Any]]] = [
    (miner.Index, lambda index: len(index) > 0),
    (miner.MiningResult, lambda mined: len(mined) == 1),
    (pa.Table, lambda table: table.num_rows == 5),
    (pandas.DataFrame, lambda frame: len(frame) == 5),
    (polars.DataFrame, lambda frame: len(frame) == 5),
    (datasets.Dataset, lambda data: len(data) == 1),
]


def test_the_tables_have_every_kind() -> None:
    assert len(LINES) > 50
    code = "\n".join(line for _, line in LINES)
    for each in ("build_index(", "mine(", "load_encoder(", "mined.to_pandas", "openai(", "cohere("):
        assert each in code


@pytest.mark.parametrize(("what", "code"), LINES, ids=[what[:40] for what, _ in LINES])
def test_a_line_of_the_tables_runs(what: str, code: str, names: dict[str, Any]) -> None:
    found = eval(code, names)
    assert found is not None
    for kind, check in CHECKS:
        if isinstance(found, kind):
            assert check(found)
    if code.startswith("load_encoder(") and "http" not in code and "cohere" not in code:
        assert found.encode_queries(["a1 a2"]).shape == (1, found.dim)
