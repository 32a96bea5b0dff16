"""What holds the files of an index that is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from miner.storage import locks


def test_an_index_that_is_open_as_the_interpreter_ends_closes_quietly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / locks.READERS).touch()
    reading = locks.Reading(tmp_path)
    assert reading.descriptor is not None
    monkeypatch.setattr(locks, "os", None)
    reading.close()
    assert reading.descriptor is None
