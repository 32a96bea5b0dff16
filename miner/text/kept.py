"""What is worked out of texts, kept for those used last: as functools.lru_cache, but bounded by how long they are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import TypeVar

Text = TypeVar("Text", str, bytes)
Found = TypeVar("Found")

LEAST = 4_000
"""What a text counts for besides its length: for what is kept beside it, however short it is."""


def kept(room: int) -> Callable[[Callable[[Text], Found]], Callable[[Text], Found]]:
    """Keep what a function finds of texts, until their lengths, and LEAST for each, come to more than `room`."""

    def over(function: Callable[[Text], Found]) -> Callable[[Text], Found]:
        latest: OrderedDict[Text, Found] = OrderedDict()
        lock, taken = Lock(), 0

        @wraps(function)
        def call(text: Text) -> Found:
            nonlocal taken
            with lock:
                if text in latest:
                    latest.move_to_end(text)
                    return latest[text]
            found = function(text)
            with lock:
                if text not in latest:
                    taken += LEAST + len(text)
                latest[text] = found
                while taken > room:
                    oldest, _ = latest.popitem(last=False)
                    taken -= LEAST + len(oldest)
            return found

        return call

    return over
