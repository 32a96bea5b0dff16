"""What a command loads before it works: nothing heavy that it can do without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from miner.storage.files import write_jsonl

SHOW_LOADED = """
import atexit, sys
heavy = {"torch", "transformers", "sentence_transformers", "pandas", "openvino", "nncf", "ray", "matplotlib"}
heavy |= {"pydantic", "pyarrow.compute"}
atexit.register(lambda: print("loaded", *sorted(heavy & set(sys.modules)), file=sys.__stderr__))
from miner.cli import main
main()
"""


def loaded(folder: Path, *words: str, ends: int = 0) -> list[str]:
    command = [sys.executable, "-c", SHOW_LOADED, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == ends, done.stderr
    return done.stderr.splitlines()[-1].split()[1:]


@pytest.fixture
def folder(tmp_path: Path, corpus_file: Path) -> Path:
    queries = [{"query": "how do I cancel my plan", "relevant_ids": ["plan/cancel.md"]}]
    write_jsonl(tmp_path / "queries.jsonl", queries)
    return tmp_path


def test_nothing_heavy_is_loaded_without_a_model(folder: Path) -> None:
    assert loaded(folder, "--version") == []
    assert loaded(folder, "build-index", "corpus.jsonl", "--encoder", "hashing", "--out", "i") == []
    assert loaded(folder, "mine", "queries.jsonl", "--index", "i", "-o", "o.jsonl") == []
    assert loaded(folder, "verify", "i") == []


@pytest.mark.parametrize(
    "command",
    [
        "train none.jsonl -o model",
        "compare none.jsonl few.jsonl --train",
        "report none.jsonl",
        "audit none.jsonl",
        "rerank model none.jsonl",
    ],
)
def test_a_mistyped_name_is_told_before_anything_heavy_is_loaded(tmp_path: Path, command: str) -> None:
    assert loaded(tmp_path, *command.split(), ends=2) == []


def test_pandas_is_loaded_by_who_wants_a_frame() -> None:
    pytest.importorskip("pandas")
    script = """
import sys
from miner.cli.spared import spare_pandas
spare_pandas()
import pyarrow as pa
assert "pandas" not in sys.modules
assert pa.table({"a": [1, 2]}).to_pandas().shape == (2, 1)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
