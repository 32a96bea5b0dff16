"""What was read so far: a disk that fills up meanwhile is told in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from miner.errors import OutputError
from miner.index.ledger import HASHES, Ledger


def test_hashes_come_back_by_row(tmp_path: Path) -> None:
    kept = [bytes([row]) * HASHES for row in range(5)]
    with Ledger(tmp_path) as ledger:
        for each in kept:
            ledger.keep(each)
        assert ledger.hashes(1, 4) == b"".join(kept[1:4])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_disk_that_is_full_is_told_when_hashes_are_kept(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger, Path("/dev/full").open("w+b", buffering=0) as full:
        ledger.held.close()
        ledger.held = full
        with pytest.raises(OutputError, match=r"cannot be kept on disk \(No space left on device\)"):
            ledger.keep(bytes(HASHES))
