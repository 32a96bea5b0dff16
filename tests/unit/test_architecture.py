"""The rooms of the package: what may import what, and what a name stands for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import miner

ROOT = Path(miner.__file__).parent
ROOMS = (
    "version",
    "errors",
    "progress",
    "spec",
    "data",
    "storage",
    "shape",
    "text",
    "vectors",
    "samples",
    "models",
    "endpoints",
    "encoders",
    "corpus",
    "judgments",
    "cleaning",
    "executors",
    "formats",
    "index",
    "search",
    "risk",
    "filters",
    "selectors",
    "mining",
    "mining_tasks",
    "calibrating",
    "validating",
    "reporting",
    "splitting",
    "auditing",
    "reranking",
    "training",
    "judging",
    "reviewing",
    "comparing",
    "serving",
    "cli",
)
"""From bottom to top: a room imports from itself and from those before it."""

LOOSE = 6


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text("utf-8"))) for path in sorted(ROOT.rglob("*.py"))]


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and module of each import of miner's own, those for type checking apart."""
    nodes = list(ast.walk(tree))
    apart = {
        id(inner)
        for node in nodes
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in nodes:
        if id(node) in apart:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "miner":
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "miner" else []
            yield from ((node.lineno, name) for name in names or [node.module or ""])
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names if a.name.split(".")[0] == "miner")


def test_no_import_runs_back_up_the_rooms() -> None:
    back = []
    for path, tree in trees():
        here = room_of(path)
        if here in {"__init__", "__main__"}:
            continue
        for line, module in imported(tree):
            there = [*module.split("."), "__init__"][1]
            if ROOMS.index(there) > ROOMS.index(here):
                back.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert back == []


def test_every_room_stands_in_the_order_and_few_modules_are_loose() -> None:
    found = {room_of(path) for path, _ in trees()} - {"__init__", "__main__"}
    assert found <= set(ROOMS)
    loose = [path.name for path in ROOT.glob("*.py") if not path.stem.startswith("__")]
    assert len(loose) <= LOOSE, loose


def test_no_circle_among_files() -> None:
    """Whatever is imported at the top of a module is ready when the module is."""
    names = {".".join(["miner", *path.relative_to(ROOT).with_suffix("").parts]): path for path, _ in trees()}
    arrows: dict[str, set[str]] = {
        name: {known for _, module in top_level(path) for known in ends(module, names)} - {name}
        for name, path in names.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in done:
            for other in sorted(arrows[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in sorted(arrows):
        visit(name, ())


def top_level(path: Path) -> Iterator[tuple[int, str]]:
    body = [node for node in ast.parse(path.read_text("utf-8")).body if not isinstance(node, ast.If)]
    for node in body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "miner":
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def ends(module: str, names: dict[str, Path]) -> list[str]:
    """The file that an import reads: a module, or what its package is made of."""
    if module in names:
        return [module]
    home = module.rpartition(".")[0]
    return [name for name in (home, f"{home}.__init__") if name in names]


def test_no_class_name_stands_twice() -> None:
    where = defaultdict(list)
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


@pytest.mark.parametrize("name", miner.__all__)
def test_no_room_has_the_name_of_something_public(name: str) -> None:
    assert not (ROOT / name).exists()
    assert not (ROOT / f"{name}.py").exists()


def test_on_windows_one_sentence_says_so() -> None:
    code = (
        "import sys; sys.platform = 'win32'\ntry:\n import miner\nexcept ImportError as error:\n print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("miner runs on Linux and macOS")
