"""Indexes: a corpus with its vectors on disk, built, updated, checked and searched."""

from miner.index.build import Existing
from miner.index.build_index import build_index
from miner.index.index import Index, open_index
from miner.index.info import info
from miner.index.manifest import default_index
from miner.index.verify import verify

__all__ = ["Existing", "Index", "build_index", "default_index", "info", "open_index", "verify"]
