"""Hard negatives for rerankers and retrievers, mined from your own corpus.

>>> index = miner.build_index("corpus/", "indexes/help")
>>> mined = miner.mine(miner.read_queries("queries.jsonl"), index)
>>> mined.write("train.jsonl")

What stands here, and where it lives, is listed once, in `__init__.pyi`; each name is imported when it is used.
"""

import sys

import lazy_loader

from miner.version import __version__ as __version__

if sys.platform == "win32":
    raise ImportError(
        "miner runs on Linux and macOS; on Windows use it in WSL, the Windows Subsystem for Linux"
    )

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
