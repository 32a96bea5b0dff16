"""What many tests share: a small corpus with near misses, made deterministically."""

from __future__ import annotations

import gc
import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

# Before a library that calculates is loaded, and for child processes too: as many workers as processors are at work,
# and threads of models this small only wait for each other. A test of threads says how many it wants.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from miner.data import Passage, Query
from miner.encoders import HashingEncoder
from tests.support.balance import (
    pytest_collection_modifyitems,
    pytest_xdist_make_scheduler,
    pytest_xdist_setupnodes,
)
from tests.support.warm import warm_commands

if TYPE_CHECKING:
    from tests.support.served import Served

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler", "pytest_xdist_setupnodes"]

signal.signal(signal.SIGINT, signal.default_int_handler)
"""Also where this was started in the background, which leaves Ctrl-C ignored, in all processes begun from here."""

os.fsync = os.fstat  # type: ignore[assignment]
"""Tests kill processes and pull no plugs: what was written is seen by all others before it lies on the disk."""

settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.load_profile("same")
"""Every run tries the same cases: what is new is looked for by benchmarks/faults/fuzz.py, at leisure."""

ACTIONS = ("cancel", "pause", "upgrade", "downgrade", "transfer", "renew")
THINGS = ("plan", "booking", "invoice", "membership", "gift card", "account", "calendar", "payout")
WAYS = (
    "Open settings, choose {thing} and press {action}; it takes effect at the end of the month.",
    "Only the owner may {action} a {thing}, and a message goes to every member of the team.",
    "To {action} the {thing} by phone, have the number of your last payment at hand.",
    "When you {action} your {thing} twice in a week, support will ask you for the reason.",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Importing all that tests import makes no garbage, and looking for it takes three seconds a worker."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture(scope="module", autouse=True)
def _little_to_look_through() -> None:
    """Training collects garbage as it begins and ends, through all objects of all libraries but those set aside."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture(scope="session")
def passages() -> list[Passage]:
    """192 passages in families of near misses."""
    made = itertools.product(ACTIONS, THINGS, enumerate(WAYS))
    return [
        Passage(
            id=f"{thing}/{action}.md#{number + 1}" if number else f"{thing}/{action}.md",
            text=way.format(action=action, thing=thing),
            title=f"{action} a {thing}".capitalize(),
            source=f"{thing}/{action}.md",
            offset=number * 100,
        )
        for action, thing, (number, way) in made
    ]


@pytest.fixture(scope="session")
def queries(passages: list[Passage]) -> list[Query]:
    """48 queries: by id, by text, and with several relevant passages."""
    made = []
    for i, (action, thing) in enumerate(itertools.product(ACTIONS, THINGS)):
        ids = (f"{thing}/{action}.md", f"{thing}/{action}.md#2")[: 1 + i % 2]
        texts = (f"Yes, you can {action} a {thing} whenever you like, said the manual.",)[: i % 3]
        made.append(Query(f"how do I {action} my {thing}", texts, ids, place=f"queries.jsonl:{i + 1}"))
    return made


@pytest.fixture
def corpus_file(tmp_path: Path, passages: list[Passage]) -> Path:
    from miner.storage.files import write_jsonl

    path = tmp_path / "corpus.jsonl"
    write_jsonl(path, [{"_id": p.id, "title": p.title, "text": p.text} for p in passages])
    return path


@pytest.fixture(scope="session")
def warm() -> Iterator[Path]:
    """A folder with the commands `miner` and `python`, which begin as forks that have imported packages."""
    with warm_commands() as folder:
        yield folder


@pytest.fixture(scope="module")
def warm_jobs(warm: Path) -> Iterator[None]:
    """Servers of this process begin their jobs so."""
    from tests.support.serving import jobs_by

    with jobs_by(warm / "python"):
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Iterator[Served]:
    """A server with the sample uploaded and a tiny model fine-tuned on it, killed once on the way."""
    from tests.support.served import served

    with served(tmp_path_factory.mktemp("served"), warm / "python") as found:
        yield found
