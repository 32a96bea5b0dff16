"""The tests are shared out with the longest files first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.support.balance import LONGEST, SERVER, TOGETHER, pytest_collection_modifyitems

ROOT = Path(__file__).parents[2]


def test_the_files_that_are_named_are_there() -> None:
    assert [name for name in (*LONGEST, *TOGETHER) if not (ROOT / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_all_files_that_use_the_server_go_together_and_first() -> None:
    using = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.name != Path(__file__).name and "server: Served" in path.read_text()
    }
    assert (
        using == {name for name, group in TOGETHER.items() if group == SERVER} == set(LONGEST[: len(using)])
    )


def test_long_files_come_first_and_nothing_changes_within_one() -> None:
    names = [
        "tests/unit/a.py::test_1",
        f"{LONGEST[1]}::test_b",
        f"{LONGEST[1]}::test_a",
        f"{LONGEST[0]}::test_c",
    ]
    items: list[Any] = [SimpleNamespace(nodeid=name) for name in names]
    pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [names[3], names[1], names[2], names[0]]
