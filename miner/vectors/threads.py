"""Linear algebra on one thread.

For matrices as small as ours (a block of queries, a corpus's covariance) BLAS threads gain nothing on an
idle machine and wait for each other for seconds on a busy one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


def single_threaded_blas() -> AbstractContextManager[object]:
    """Within it BLAS uses one thread, in the whole process; OpenMP's threads are left alone."""
    limit: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limit


@contextmanager
def faiss_on_one_thread() -> Iterator[None]:
    """Within it what this thread asks of faiss is computed by it alone; other threads are left alone."""
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
