"""An embeddings API as an encoder: nothing asked for twice, told before it is sent, sent nowhere on an index's word."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from miner import build_index, mine, open_index
from miner.data import Passage, Query
from miner.encoders.endpoint import EndpointEncoder
from miner.encoders.load import load_encoder, resolve_again
from miner.endpoints import CohereEmbeddings, OpenAIEmbeddings
from miner.endpoints.calls import Patience
from miner.endpoints.embed import Embedder
from miner.errors import ConfigError, EndpointFailed, IndexMismatch, ModelError
from miner.storage.cachedir import CACHE
from tests.support.endpoints import DIM, FakeService, changed, fake_service, status, vector

HASTY = Patience(parallel=2, attempts=3, timeout=5, first=0.01, longest=0.02)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    for each in (OpenAIEmbeddings, CohereEmbeddings):
        monkeypatch.setattr(each, "most_texts", 16)
    for name in ("OPENAI_API_KEY", "CO_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with fake_service() as running:
        yield running


def encoder(service: FakeService) -> EndpointEncoder:
    made = load_encoder(f'openai(model="m", base_url="{service.openai}")')
    assert isinstance(made, EndpointEncoder)
    made.embedder = Embedder(made.service, store=made.store, patience=HASTY)
    return made


def test_vectors_are_the_service_s_in_length_one(service: FakeService) -> None:
    some = ["a", "b", "a"]
    expected = np.array([vector(text) for text in some])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder(service).encode_passages(some), expected, atol=1e-6)
    assert encoder(service).encode_queries([]).shape == (0, DIM)
    assert Counter(service.texts) == {"a": 1, "b": 1}


def test_spelling_object_and_fingerprint_name_the_same(service: FakeService) -> None:
    spec = OpenAIEmbeddings("m", service.openai, parallel=2, key="MY_KEY")
    by_object = load_encoder(spec)
    assert by_object.fingerprint == encoder(service).fingerprint
    assert resolve_again(by_object.fingerprint).fingerprint == by_object.fingerprint
    assert pickle.loads(pickle.dumps(by_object)).fingerprint == by_object.fingerprint
    assert "MY_KEY" not in repr(by_object.fingerprint)
    cohere = load_encoder(f'cohere(model="m", base_url="{service.address}")')
    assert cohere.fingerprint["kind"] == "cohere"
    assert not np.array_equal(cohere.encode_queries(["a"]), cohere.encode_passages(["a"]))


def test_a_build_that_failed_asks_only_for_what_it_has_not(
    service: FakeService, tmp_path: Path, passages: list[Passage], capfd: pytest.CaptureFixture[str]
) -> None:
    for at in (3, 6):
        service.faults = [*[None] * at, *[status(401)] * 8]
        with pytest.raises(EndpointFailed, match="401"):
            build_index(passages, tmp_path / "index", encoder(service), shard_size=50)
    service.faults = [status(429, retry_after="0"), status(500)]
    index = build_index(passages, tmp_path / "index", encoder(service), shard_size=50)
    counts = Counter(service.texts)
    assert set(counts) - {"a"} == {passage.encoded for passage in passages}
    assert set(counts.values()) == {1}
    assert len(index) == len(passages)
    said = capfd.readouterr().err.splitlines()
    assert said[0].startswith(f"{service.address.removeprefix('http://')} will get 192 texts to embed")
    assert len(said) == 3


def test_mining_asks_for_each_query_once_and_says_so_first(
    service: FakeService, tmp_path: Path, passages: list[Passage], queries: list[Query],
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    index = build_index(passages, tmp_path / "index", encoder(service))
    service.texts.clear()
    capfd.readouterr()
    loose = {text for query in queries for text in query.relevant_passages}
    mine(queries, index)
    assert Counter(service.texts) == Counter({query.text for query in queries} | loose)
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert f"will get {len(queries) + len(loose)} texts" in said[0]
    mine(queries, open_index(tmp_path / "index"))
    assert len(service.texts) == len(queries) + len(loose)
    assert capfd.readouterr().err == ""


def test_another_dimension_is_told(service: FakeService, tmp_path: Path, passages: list[Passage]) -> None:
    def longer(body: dict[str, list[dict[str, list[float]]]]) -> None:
        for each in body["data"]:
            each["embedding"].append(1.0)

    service.faults = [None, changed(longer)]
    with pytest.raises(EndpointFailed, match="vectors of 9 dimensions; expected 8"):
        build_index(passages, tmp_path / "index", encoder(service))
    assert not (tmp_path / "index" / "manifest.json").exists()


def test_an_index_does_not_send_texts_to_a_host_that_it_names(service: FakeService) -> None:
    far = OpenAIEmbeddings("m", "https://far.example/v1").fingerprint()
    with pytest.raises(ModelError, match=r"built by far\.example; texts are sent there only if you say so"):
        resolve_again({"backend": "endpoint", **far})
    with pytest.raises(ModelError, match="names the endpoint 'ftp', which there is none of"):
        resolve_again({"backend": "endpoint", "kind": "ftp"})
    with pytest.raises(ModelError, match="does not name its endpoint as miner does"):
        resolve_again({"backend": "endpoint", "kind": "openai", "base_url": service.openai})


def test_another_endpoint_than_the_index_s_is_told(
    service: FakeService, tmp_path: Path, passages: list[Passage], queries: list[Query]
) -> None:
    index = build_index(passages, tmp_path / "index", encoder(service))
    other = load_encoder(f'openai(model="n", base_url="{service.openai}")')
    with pytest.raises(IndexMismatch, match="model is 'm' there and 'n' here"):
        mine(queries, index, encoder=other)


@pytest.mark.parametrize(("spelt", "message"), [
    ("opnai(model='m')", "unknown encoder 'opnai'; did you mean openai?"),
    ("openai()", "encoder 'openai()' lacks model"),
    ("openai(model='')", "openai: model is blank"),
    ("openai(modle='m')", "did you mean model?"),
    ("openai(model='m', parallel=0)", "openai: parallel is 0; expected 1 or more"),
    ("openai(model=m)", "is not a plain value"),
])  # fmt: skip
def test_mistakes_in_the_spelling_are_told(spelt: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_encoder(spelt)
    assert message in str(caught.value)


def test_a_missing_key_is_told_before_anything_is_sent(
    service: FakeService, tmp_path: Path, passages: list[Passage]
) -> None:
    with pytest.raises(
        ConfigError, match=r"api\.openai\.com needs a key; expected it in the environment as OPENAI_API_KEY"
    ):
        build_index(passages, tmp_path / "index", load_encoder("openai(model='m')"))
