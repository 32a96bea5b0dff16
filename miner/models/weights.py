"""Checksums of a model's files, each file read once a process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from miner.storage.files import sha256

if TYPE_CHECKING:
    from miner.models.locate import Located


@dataclass(frozen=True, slots=True)
class ModelSums:
    """The SHA-256 of a model's weights and of its settings, as they were when it was loaded."""

    weights: str
    settings: str


def model_sums(located: Located) -> ModelSums:
    """Of the files as they are now."""
    return ModelSums(weights_sha256(located.weights), weights_sha256(located.settings))


def weights_sha256(files: Iterable[Path]) -> str:
    """The SHA-256 of one file; of several, that of their checksums one after the other."""
    sums = [_sha256(path, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()


@lru_cache(maxsize=1024)
def _sha256(path: Path, size: int, modified: int) -> str:
    return sha256(path)
