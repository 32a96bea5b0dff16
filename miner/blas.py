"""Linear algebra on one thread.

For matrices as small as ours (a block of queries, a corpus's covariance) BLAS threads gain nothing on an
idle machine and wait for each other for seconds on a busy one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[object]:
    """Within it BLAS uses one thread, in the whole process; OpenMP's threads are left alone."""
    limit: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
