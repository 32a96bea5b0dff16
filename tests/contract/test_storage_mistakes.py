"""What can be wrong with a URI or its store is told in one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from miner.errors import ConfigError, MissingExtra
from miner.index import open_index
from tests.support.commandline import call
from tests.support.s3 import BUCKET, set_auth

pytestmark = pytest.mark.usefixtures("stores")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("s4://bucket/i", "expected s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or file:///FOLDER"),
        ("s3:///i", "expected s3://BUCKET"),
        ("s3://bucket", "expected s3://BUCKET"),
        ("file://host/i", "expected s3://BUCKET"),
        ("s3://me:VerySecretWord@bucket/i", "a URI holds no credentials; set AWS_ACCESS_KEY_ID"),
        ("s3://bucket/i?secret_key=VerySecretWord", "unknown setting 'secret_key'"),
        ("s3://nobody/i", "s3://nobody/i: there is no such bucket"),
        ("s3://bucket/none", "is not an index"),
    ],
)
def test_what_cannot_be_a_place_is_one_sentence(
    uri: str, message: str, corpus_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = ("info", uri), ("build-index", corpus_file, "--encoder", "hashing", "--out", uri)
    for command in commands[: 1 if uri.endswith("none") else 2]:
        done = call(capsys, *command)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert message in done.err
        assert "Secret" not in done.err


def test_a_uri_that_became_a_path_is_refused() -> None:
    with pytest.raises(ConfigError, match="s3:/bucket/i: a URI is given as text"):
        open_index(Path(f"s3://{BUCKET}/i"))


def test_refused_credentials_are_one_sentence(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_auth(server, "0")
    try:
        done = call(capsys, "info", f"s3://{BUCKET}/i")
    finally:
        set_auth(server, "inf")
    assert (done.code, done.err) == (1, f"error: s3://{BUCKET}/i: the credentials are refused\n")


def test_a_server_that_does_not_answer_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    uri = f"s3://{BUCKET}/i?endpoint_override=127.0.0.1:1&scheme=http"
    done = call(capsys, "info", uri)
    assert (done.code, done.err) == (1, f"error: s3://{BUCKET}/i: cannot be reached\n")


def test_a_store_whose_package_is_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("obstore", "obstore.store"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"a store such as s3:// needs .*\bstorage\b"):
        open_index(f"s3://{BUCKET}/i")
