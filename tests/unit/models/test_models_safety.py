"""What a model's folder or an index may make miner do: load weights, and nothing else."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import torch

from miner.encoders.load import load_encoder, resolve_again
from miner.errors import ModelError, ModelNotFound
from miner.mining.teacher import ScoreCache
from miner.models import weights
from miner.models.cross_encoder import CrossEncoderScorer
from miner.models.load import load_cross_encoder
from miner.models.locate import locate
from miner.reranking import load_reranker
from miner.storage.files import sha256
from tests.support.encoders import make_model
from tests.support.tiny_models import make_cross_encoder, make_encoder

PAIRS = [(f"k{i % 12} w1", f"v{i % 12} w{i}") for i in range(20)]
SETTINGS = "config_sentence_transformers.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cross_encoder(tmp_path_factory.mktemp("models") / "cross")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A cross-encoder that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "cross"))


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to reach another machine."""
    attempts: list[object] = []

    def refuse(*arguments: object, **options: object) -> None:
        attempts.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts


def change(path: Path, **fields: Any) -> None:
    before = orjson.loads(path.read_bytes()) if path.exists() else {}
    path.write_bytes(orjson.dumps(before | fields))


def test_the_files_of_a_cross_encoder_are_read_once_for_all_pairs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path) -> str:
        read.append(path)
        return sha256(path)

    monkeypatch.setattr(weights, "sha256", counted)
    cache = ScoreCache(tmp_path / "cache.sqlite", CrossEncoderScorer(str(folder)))
    first = cache.score(PAIRS)
    assert len(read) == len(set(read))
    assert folder / "model.safetensors" in read
    np.testing.assert_array_equal(cache.score(PAIRS), first)


@pytest.mark.parametrize(
    "file", ["config.json", SETTINGS, "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
)
def test_whatever_decides_a_score_is_in_the_fingerprint(made: Path, folder: Path, file: str) -> None:
    before = CrossEncoderScorer(str(made)).fingerprint
    assert CrossEncoderScorer(str(folder)).fingerprint == before
    (folder / file).write_bytes((folder / file).read_bytes() + b" ")
    assert CrossEncoderScorer(str(folder)).fingerprint != before


LOADERS: dict[str, Callable[[str], object]] = {
    "teacher": CrossEncoderScorer,
    "rerank": load_reranker,
    "train": locate,
    "build": load_encoder,
}
loaders = pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)


@loaders
def test_nobody_loads_a_pickle(folder: Path, load: Callable[[str], object]) -> None:
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"pickle only \(pytorch_model\.bin\)"):
        load(str(folder))


@loaders
@pytest.mark.parametrize("name", ["models/tiny", "nothing", "./a/b", "a/b/c", "a b/c"])
def test_nobody_asks_the_hub_for_a_mistyped_folder(
    name: str,
    load: Callable[[str], object],
    offline: list[object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    with pytest.raises(ModelNotFound, match=f"{name}: no such folder"):
        load(name)
    assert offline == []


@loaders
@pytest.mark.parametrize("field", ["activation_fn", "sbert_ce_default_activation_function"])
@pytest.mark.parametrize("name", ["torch.hub.load", "torch.nn.evil", "torch.nn.a.B.c", "builtins.print"])
def test_an_activation_is_a_module_of_torch(
    folder: Path, load: Callable[[str], object], field: str, name: str
) -> None:
    change(folder / (SETTINGS if field == "activation_fn" else "config.json"), **{field: name})
    with pytest.raises(ModelError, match=f"{field} is '{name}'; expected a class of torch.nn"):
        load(str(folder))


def test_an_activation_nested_in_the_configuration_is_found(folder: Path) -> None:
    change(folder / "config.json", sentence_transformers={"activation_fn": "torch.hub.load"})
    with pytest.raises(ModelError, match=r"activation_fn is 'torch\.hub\.load'"):
        load_cross_encoder(folder)


def test_what_looks_like_a_module_of_torch_must_be_one(folder: Path) -> None:
    change(folder / SETTINGS, activation_fn="torch.nn.modules.module.OrderedDict")
    with pytest.raises(ModelError, match=r"OrderedDict'; expected a class of torch\.nn"):
        load_cross_encoder(folder)


def test_an_activation_of_torch_is_applied(folder: Path) -> None:
    change(folder / SETTINGS, activation_fn="torch.nn.modules.activation.Sigmoid")
    squashed = CrossEncoderScorer(str(folder)).score(PAIRS)
    change(folder / SETTINGS, activation_fn="torch.nn.modules.linear.Identity")
    logits = CrossEncoderScorer(str(folder)).score(PAIRS)
    np.testing.assert_allclose(squashed, 1 / (1 + np.exp(-logits)), atol=1e-6)


@pytest.mark.parametrize(
    ("file", "fields", "message"),
    [
        ("2_Dense/config.json", {"activation_function": "os.system"}, "activation_function is 'os.system'"),
        ("1_Pooling/config.json", {"tokenizer_class": "mine.Words"}, r"names mine\.Words, Python code"),
        ("router_config.json", {"types": {"a": "mine.Module"}}, r"names mine\.Module, Python code"),
        ("config.json", {"attn_implementation": "someone/kernels"}, "someone/kernels'; expected the name of"),
        ("adapter_config.json", {"base_model_name_or_path": "a/b"}, "is an adapter to another model"),
    ],
)
def test_no_other_field_names_code(tmp_path: Path, file: str, fields: dict[str, Any], message: str) -> None:
    folder = make_model(tmp_path / "tiny", dense=True)
    change(folder / file, **fields)
    with pytest.raises(ModelError, match=message):
        load_encoder(str(folder))


def test_code_of_sentence_transformers_is_named_as_a_class(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "tiny")
    modules = orjson.loads((folder / "modules.json").read_bytes())
    modules[1]["type"] = "sentence_transformers.base.model.torch"
    (folder / "modules.json").write_bytes(orjson.dumps(modules))
    with pytest.raises(ModelError, match=r"names sentence_transformers\.base\.model\.torch, Python code"):
        load_encoder(str(folder))


def test_an_encoder_does_not_rescore(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds an encoder; expected a cross-encoder"):
        CrossEncoderScorer(str(make_encoder(tmp_path / "encoder")))


def test_a_cross_encoder_does_not_encode(folder: Path) -> None:
    with pytest.raises(ModelError, match="holds a cross-encoder; expected an encoder"):
        load_encoder(str(folder))


@pytest.mark.parametrize(
    "fingerprint",
    [
        {},
        {"backend": "hashing"},
        {"backend": "hashing", "dim": "x"},
        {"backend": "hashing", "dim": None},
        {"backend": "hashing", "dim": -5},
        {"backend": "hashing", "dim": 10**13},
        {"backend": "torch", "model": 3},
        {"backend": "os", "model": "a"},
        {"backend": "torch", "model": "all-MiniLM-L6-v2", "dtype": 7},
    ],
)
def test_a_foreign_fingerprint_is_one_sentence(fingerprint: dict[str, Any], offline: list[object]) -> None:
    with pytest.raises(ModelError, match="the index "):
        resolve_again(fingerprint)
    assert offline == []


def test_an_index_does_not_choose_the_network(offline: list[object]) -> None:
    known = {"dtype": "fp32", "query_prompt": "", "document_prompt": "", "max_length": 96}
    with pytest.raises(
        ModelError, match=r"nobody/nothing: is not on this machine.*'hf download nobody/nothing'"
    ):
        resolve_again({"backend": "torch", "model": "nobody/nothing", **known})
    assert offline == []
