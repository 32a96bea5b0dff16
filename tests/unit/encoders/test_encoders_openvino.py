"""OpenVINO without torch: what is read of the files, what is kept on disk, and when."""

from __future__ import annotations

import locale
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from sentence_transformers import SentenceTransformer

from miner.encoders.bert import read_bert
from miner.encoders.lazy import LazyEncoder
from miner.encoders.load import AUTO, choose_backend, load_encoder
from miner.errors import ConfigError, MissingExtra, ModelNotFound
from miner.models.locate import locate
from tests.support.encoders import PROMPTS, make_model, texts

pytestmark = pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")

PLAIN: dict[str, dict[str, Any]] = {
    "mean": {},
    "cls": {"pooling_mode": "cls"},
    "max": {"pooling_mode": "max"},
}
WITHOUT_TORCH = """
import sys
for name in ("torch", "transformers", "sentence_transformers"):
    sys.modules[name] = None
from miner.cli import application
application()(sys.argv[1:], prog_name="miner")
"""
DROPPED_ELSEWHERE = """
import os, signal, threading
import numpy as np
from miner.encoders.openvino_runtime import apart, openvino
from openvino import Model, opset13

given = opset13.parameter([-1, 8], np.float32)
model = Model([opset13.relu(given)], [given])
held = [apart(lambda: openvino().Core().compile_model(model, "CPU"))]
thread = threading.Thread(target=held.clear)
thread.start()
thread.join()
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny", prompts=PROMPTS)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "tiny"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "openvino"


def encoder_of(folder: Path, **options: Any) -> Any:
    return load_encoder(str(folder), backend="openvino", **{"dtype": "fp32", **options})


def change(path: Path, **fields: Any) -> None:
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | fields))


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_bert_is_read_from_its_files(name: str, tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model", prompts=PROMPTS, **PLAIN[name])
    network, encoder, some = SentenceTransformer(str(folder), device="cpu"), encoder_of(folder), texts(16)
    assert encoder.model.description.converter.startswith("safetensors")
    for found, expected in (
        (encoder.encode_queries(some), network.encode_query(some)),
        (encoder.encode_passages(some), network.encode_document(some)),
    ):
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(found, expected, atol=2e-6)


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("config.json", {"hidden_act": "relu"}),
    ("config.json", {"architectures": ["BertForMaskedLM"]}),
    ("config.json", {"model_type": "roberta"}),
    ("config.json", {"is_decoder": True}),
    ("sentence_bert_config.json", {"do_lower_case": True}),
    ("sentence_bert_config.json", {"something": "new"}),
    ("sentence_bert_config.json", {"max_seq_length": 97}),
    ("1_Pooling/config.json", {"pooling_mode": ["cls", "mean"]}),
    ("1_Pooling/config.json", {"pooling_mode": "lasttoken"}),
    ("tokenizer_config.json", {"do_lower_case": False}),
    ("tokenizer_config.json", {"tokenizer_class": "RobertaTokenizer"}),
    ("tokenizer.json", {"pre_tokenizer": {"type": "Whitespace"}}),
    ("config_sentence_transformers.json", {"truncate_dim": 8}),
]


@pytest.mark.parametrize(("file", "fields"), CHANGES)
def test_what_is_not_exactly_plain_is_left_to_sentence_transformers(
    folder: Path, file: str, fields: dict[str, Any]
) -> None:
    assert read_bert(locate(folder)) is not None
    change(folder / file, **fields)
    assert read_bert(locate(folder)) is None


def test_a_length_given_by_the_settings_is_kept(folder: Path) -> None:
    change(folder / "sentence_bert_config.json", max_seq_length=20)
    encoder, network = encoder_of(folder), SentenceTransformer(str(folder), device="cpu")
    assert encoder.fingerprint["max_length"] == network.max_seq_length == 20


def test_weights_that_do_not_fit_are_left_to_sentence_transformers(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    save_file(
        {**weights, "extra.weight": np.zeros(3, np.float32)}, folder / "model.safetensors", {"format": "pt"}
    )
    assert encoder_of(folder).model.description.converter.startswith("transformers")


def test_neither_torch_nor_transformers_is_needed(folder: Path, corpus_file: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"query": "how do I cancel my plan", "relevant_ids": ["plan/cancel.md"]}\n')
    for words in (
        ("build-index", corpus_file.name, "--encoder", str(folder), "--device", "cpu", "--out", "index"),
        ("mine", "queries.jsonl", "--index", "index", "-o", "out.jsonl"),
    ):
        command = [sys.executable, "-c", WITHOUT_TORCH, *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.jsonl").read_text().count("\n") == 1


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def test_what_was_converted_is_kept_and_gives_the_same_bits(folder: Path, cache: Path) -> None:
    first = encoder_of(folder).encode_passages(texts(9))
    kept = {path: path.stat().st_mtime_ns for path in files(cache)}
    assert {path.suffix for path in kept} == {".xml", ".bin", ".json", ".blob"}
    np.testing.assert_array_equal(encoder_of(folder).encode_passages(texts(9)), first)
    assert {path: path.stat().st_mtime_ns for path in files(cache)} == kept


@pytest.mark.parametrize("suffix", [".xml", ".bin", ".json", ".blob"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut"])
def test_what_is_damaged_is_made_again(folder: Path, cache: Path, suffix: str, damage: str) -> None:
    first = encoder_of(folder).encode_passages(texts(9))
    for path in [path for path in files(cache) if path.suffix == suffix]:
        data = path.read_bytes()
        path.chmod(0o600)
        path.unlink()
        if damage != "gone":
            path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    np.testing.assert_array_equal(encoder_of(folder).encode_passages(texts(9)), first)


def test_where_nothing_can_be_kept_a_model_is_converted_each_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    first = encoder_of(folder).encode_passages(texts(9))
    monkeypatch.setenv("MINER_CACHE", str(tmp_path / "file" / "below"))
    np.testing.assert_array_equal(encoder_of(folder).encode_passages(texts(9)), first)


def test_warming_up_changes_no_bit_and_calibrates_nothing(folder: Path, cache: Path) -> None:
    first, warm = encoder_of(folder).encode_passages(texts(9)), encoder_of(folder)
    warm.warm_up()
    np.testing.assert_array_equal(warm.encode_passages(texts(9)), first)
    replace(warm, dtype="int8").warm_up()
    assert not [path for path in files(cache) if path.stem == "int8"]


def test_models_read_at_once_leave_the_locale_as_it_was(folder: Path) -> None:
    before, encoders = locale.setlocale(locale.LC_ALL), [encoder_of(folder) for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda encoder: encoder.encode_queries(["a1"]), encoders))
    assert locale.setlocale(locale.LC_ALL) == before


def test_a_lazy_encoder_that_cannot_warm_up_says_so_when_it_is_asked(folder: Path) -> None:
    lazy = LazyEncoder({**encoder_of(folder).fingerprint, "model": str(folder / "gone")})
    lazy.warm_up()
    with pytest.raises(ModelNotFound, match="gone"):
        lazy.encode_queries(["a1"])


def test_other_weights_are_another_model(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    first = encoder_of(folder)
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.0.output.dense.weight"] *= -1
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    second = encoder_of(folder)
    assert first.fingerprint != second.fingerprint
    assert not np.allclose(first.encode_queries(["a1 b2"]), second.encode_queries(["a1 b2"]), atol=1e-4)


def test_full_precision_shares_the_model_and_counts_for_itself(folder: Path) -> None:
    encoder = replace(encoder_of(folder), dtype="bf16")
    encoder.encode_passages(["a1 a2"])
    exact = encoder.full_precision()
    assert (exact.fingerprint["dtype"], exact.tokens_encoded, encoder.tokens_encoded) == ("fp32", 0, 5)


@pytest.mark.parametrize(
    ("options", "gpu", "expected"),
    [
        ({}, False, "openvino"),
        ({}, True, "torch"),
        ({"device": "cpu"}, True, "openvino"),
        ({"device": "cuda"}, False, "torch"),
        ({"dtype": "fp16"}, False, "torch"),
        ({"dtype": "int8"}, True, "openvino"),
        ({"backend": "torch"}, False, "torch"),
    ],
)
def test_auto_takes_the_fastest_that_is_installed(
    options: dict[str, Any], gpu: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miner.encoders.load.may_have_gpu", lambda: gpu)
    assert choose_backend(**options) == expected


def test_auto_without_openvino_is_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miner.encoders.load.find_spec", lambda name: None)
    assert choose_backend(AUTO) == "torch"


def test_auto_leaves_to_torch_what_cannot_be_converted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miner.encoders.load.convertible", lambda located: False)
    assert load_encoder(str(folder), device="cpu").fingerprint["backend"] == "torch"


def test_int8_without_nncf_names_its_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from miner.encoders import openvino_encoder

    monkeypatch.setattr(openvino_encoder, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"--dtype int8 needs packages.*\bint8\b"):
        encoder_of(folder, dtype="int8")


def test_a_backend_is_one_of_those_there_are() -> None:
    with pytest.raises(ConfigError, match="backend onnx is unknown; expected auto, torch or openvino"):
        choose_backend("onnx")


def test_ctrl_c_is_survived_where_a_model_went_in_another_thread() -> None:
    done = subprocess.run([sys.executable, "-c", DROPPED_ELSEWHERE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "interrupted\n")
