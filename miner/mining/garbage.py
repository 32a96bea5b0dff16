"""Sparing Python's garbage collector what cannot be garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


class _Frozen:
    """By whom objects are left out already. A host's are asked for until there are some: they are counted one by one,
    a tenth of a second for a million, and stay.
    """

    ours = False
    hosts = False


@contextmanager
def gc_frozen() -> Iterator[None]:
    """What is there before is left out of garbage collections inside: walking over torch's objects alone
    takes a third of a second each time.
    """
    _Frozen.hosts = _Frozen.hosts or (not _Frozen.ours and gc.get_freeze_count() > 0)
    begun = not (_Frozen.ours or _Frozen.hosts)
    if begun:
        _Frozen.ours = True
        gc.freeze()
    try:
        yield
    finally:
        if begun:
            gc.unfreeze()
            _Frozen.ours = False
