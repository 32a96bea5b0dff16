from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from miner.storage import bucket as storage
from miner.storage.cachedir import CACHE
from tests.support.s3 import BUCKET, CREDENTIALS, s3_server


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of an S3 server on loopback."""
    pytest.importorskip("obstore", reason="the extra 'storage' is not installed")
    pytest.importorskip("moto", reason="the extra 'dev' is not installed")
    with s3_server() as address:
        yield address


@pytest.fixture
def stores(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """s3:// names that server, and what is fetched from stores stays in this test."""
    for name, value in {**CREDENTIALS, CACHE: str(tmp_path / "cache"), "AWS_ENDPOINT_URL": server}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(storage, "RETRIES", 1)
    storage._engine.cache_clear()
    yield
    storage._engine.cache_clear()


@pytest.fixture
def s3() -> str:
    """An empty place in a store."""
    return f"s3://{BUCKET}/{uuid4().hex}/i"


@pytest.fixture(params=["s3", "file"])
def uri(request: pytest.FixtureRequest, tmp_path: Path, s3: str) -> str:
    """An empty place in a store of each kind."""
    return s3 if request.param == "s3" else (tmp_path / "a store").as_uri()
