from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from miner.encoders import HashingEncoder
from tests.support.commandline import call


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, encoder: HashingEncoder) -> list[dict[str, Any]]:
    """What the encoder was asked for with; every name is the hashing encoder."""
    asked = list[dict[str, Any]]()

    def resolve(model: object = None, **options: Any) -> HashingEncoder:
        if isinstance(model, HashingEncoder):
            return model
        named = {key: value for key, value in options.items() if value not in (None, False, "auto")}
        asked.append({"model": model, **named})
        return HashingEncoder(64) if model == "other" else encoder

    monkeypatch.setattr("miner.encoders.load.load_encoder", resolve)
    return asked


@pytest.fixture
def built(
    given: list[dict[str, Any]],
    corpus_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Path:
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "build-index", corpus_file).code == 0
    return tmp_path / "indexes" / "corpus"


def test_build_info_verify(
    built: Path, given: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    shown = call(capsys, "info", "--json")
    described = json.loads(shown.out)
    assert (described["passages"], described["dim"], described["blank"]) == (192, 256, 0)
    assert described["encoder"] == dict(HashingEncoder().fingerprint)
    assert call(capsys, "verify").err == "indexes/corpus: whole\n"
    table = call(capsys, "info")
    assert table.err == ""
    assert "encoder.backend" in table.out
    record = json.loads((built / "build.json").read_text())
    assert [stage["stage"] for stage in record["stages"]] == ["load the encoder", "read", "encode", "sum up"]
    assert given == [{"model": None}]


def test_the_summary(
    given: list[dict[str, Any]], corpus_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with corpus_file.open("a") as stream:
        stream.write('{"_id": "blank", "text": " "}\n')
        stream.write(corpus_file.read_text().splitlines()[0].replace('"_id":"', '"_id":"again-') + "\n")
    told = call(capsys, "build-index", corpus_file, "--out", tmp_path / "i", "--shard-size", 100)
    assert told.out == ""
    assert told.err.startswith("encoding by ")
    lines = [line.split() for line in told.err.splitlines()[1:]]
    assert [line[-1] for line in lines[:4]] == ["192", "1", "1", "2"]
    assert [line[0] for line in lines[6:10]] == ["load", "read", "encode", "sum"]
    assert lines[-2] == ["wrote", str(tmp_path / "i")]
    assert lines[-1] == ["next:", "miner", "mine", "QUERIES", "--index", str(tmp_path / "i")]


def test_options_reach_the_encoder(
    given: list[dict[str, Any]], corpus_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {
        "model": "m", "device": "cpu", "dtype": "fp32", "backend": "torch", "query_prompt": "q: ",
        "document_prompt": "d: ", "max_length": 128,
    }  # fmt: skip
    spelt = {**options, "encoder": options["model"]}
    del spelt["model"]
    flags = [part for key, value in spelt.items() for part in (f"--{key.replace('_', '-')}", value)]
    out = ("--out", tmp_path / "i", "--trust-remote-code")
    assert call(capsys, "build-index", corpus_file, *out, *flags).code == 0
    assert given == [{**options, "trust_remote_code": True}]


def test_a_changed_corpus_needs_update(
    built: Path, corpus_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with corpus_file.open("a") as stream:
        stream.write('{"_id": "new", "text": "A new passage."}\n')
    refused = call(capsys, "build-index", corpus_file)
    assert (refused.code, refused.err.count("error: ")) == (1, 1)
    assert "is an index of another corpus; change it with --update" in refused.err
    assert call(capsys, "build-index", corpus_file, "--update").code == 0
    assert json.loads(call(capsys, "info", "--json").out)["passages"] == 193


def test_another_model_needs_overwrite(
    built: Path, corpus_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = call(capsys, "build-index", corpus_file, "--update", "--encoder", "other")
    assert refused.code == 1
    assert "dim is 256 there and 64 here; --overwrite builds it anew" in refused.err
    assert call(capsys, "build-index", corpus_file, "--overwrite", "--encoder", "other").code == 0
    assert json.loads(call(capsys, "info", "--json").out)["dim"] == 64


def test_verify_lists_every_fault(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (*(built / "vectors").iterdir(), *(built / "keys").iterdir()):
        path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    told = call(capsys, "verify")
    assert told.code == 1
    lines = told.err.splitlines()
    assert sum("was changed after it was sealed" in line for line in lines) == 2
    assert "indexes/corpus: 2 faults" in lines[-1]


def test_what_cannot_be_opened_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("info", "verify"):
        told = call(capsys, command, tmp_path)
        assert (told.code, told.out) == (2, "")
        assert (
            told.err
            == f"error: {tmp_path}: is not an index; expected a folder written by 'miner build-index'\n"
        )
        assert call(capsys, command).err.startswith("error: indexes: holds no index; make one")
