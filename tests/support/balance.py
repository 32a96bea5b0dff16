"""How the tests are shared out to workers: the longest files first, and those together that share a server.

xdist itself begins with the files of most tests, which are quick; one that takes a minute and is begun last leaves the
other worker idle for a minute.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.warm import PLACE, warm_commands

SERVER = "files that share a server"
STORE = "files that share a store"
BROWSER = "files that share a browser"
TOGETHER = {
    "tests/browser/test_report.py": BROWSER,
    "tests/browser/test_report_hostile.py": BROWSER,
    "tests/browser/test_report_looks.py": BROWSER,
    "tests/browser/test_review.py": BROWSER,
    "tests/browser/test_serve.py": SERVER,
    "tests/integration/test_serve_client.py": SERVER,
    "tests/integration/test_serve_pages.py": SERVER,
    "tests/contract/test_ray.py": STORE,
    "tests/contract/test_storage.py": STORE,
    "tests/contract/test_storage_mistakes.py": STORE,
}
"""Files that one worker takes, for what is made for all of them once a process."""
LONGEST = (
    "tests/integration/test_serve_client.py",
    "tests/integration/test_serve_pages.py",
    "tests/browser/test_serve.py",
    "tests/contract/test_ray.py",
    "tests/integration/test_docs.py",
    "tests/unit/training/test_rerank_train.py",
    "tests/faults/test_faults.py",
    "tests/unit/training/test_train_watched.py",
    "tests/integration/test_rerank_sample.py",
    "tests/unit/encoders/test_encoders_vectors.py",
    "tests/property/test_readers_fuzz.py",
    "tests/property/test_index_damage.py",
    "tests/integration/test_bundled_model.py",
    "tests/browser/test_report.py",
    "tests/integration/test_package.py",
    "tests/unit/mining_tasks/test_blocks.py",
    "tests/contract/test_storage.py",
    "tests/unit/serving/test_serve_jobs.py",
    "tests/unit/judging/test_judges.py",
    "tests/integration/test_mining.py",
    "tests/unit/training/test_distilled.py",
    "tests/integration/test_rerank_bundled.py",
    "tests/integration/test_parallel.py",
    "tests/unit/calibrating/test_judged.py",
    "tests/unit/comparing/test_compare_training.py",
    "tests/unit/mining/test_hard_negatives.py",
    "tests/contract/test_encoders.py",
    "tests/unit/encoders/test_encoders_openvino.py",
    "tests/unit/test_start.py",
    "tests/unit/serving/test_serve_page.py",
    "tests/unit/mining_tasks/test_blocks_approximate.py",
    "tests/unit/endpoints/test_embedding_endpoints.py",
    "tests/property/test_formats_roundtrip.py",
    "tests/browser/test_review.py",
    "tests/integration/test_cli_mine.py",
    "tests/unit/judging/test_mine_judged.py",
    "tests/unit/index/test_index_build.py",
    "tests/integration/test_docs_mine_again.py",
    "tests/unit/test_security.py",
    "tests/unit/reviewing/test_review_server.py",
    "tests/integration/test_users_path.py",
    "tests/unit/corpus/test_corpus_records.py",
    "tests/browser/test_report_looks.py",
    "tests/unit/search/test_index_ivfpq.py",
    "tests/unit/reporting/test_report_page.py",
    "tests/unit/auditing/test_audit_cli.py",
    "tests/unit/corpus/test_footer.py",
    "tests/unit/serving/test_serve_connections.py",
    "tests/integration/test_notebook.py",
    "tests/property/test_parsers_fuzz.py",
    "tests/unit/cli/test_consent.py",
    "tests/unit/training/test_rerank_cli.py",
)
"""Files by the time that they take, as --durations shows it; all others come after them in any order."""


def file_of(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; within a file nothing changes."""
    rank = {file: place for place, file in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(file_of(item.nodeid), len(rank)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Workers are forks of one process, which imports once what takes each of them some seconds."""
    from execnet import XSpec

    stack = ExitStack()
    config.add_cleanup(stack.close)
    folder = stack.enter_context(warm_commands())
    os.environ[PLACE] = str(folder)
    specs[:] = [XSpec(f"{spec}//python={folder / 'python'}") for spec in specs]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For --dist loadfile: files in the order collected, TOGETHER as one."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Balanced(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return TOGETHER.get(file_of(nodeid), file_of(nodeid))

    config.option.loadscopereorder = False
    return Balanced(config, log)
