"""What a newcomer relies on before the first line runs: imports, the wheel, the documents."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

import miner
from miner import errors
from miner.cli import COMMANDS

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "faiss", "typer", "sentence_transformers", "pyarrow", "matplotlib")


def test_importing_miner_loads_nothing_heavy() -> None:
    code = f"import miner, sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_the_help_loads_nothing_heavy() -> None:
    heavy = [name for name in (*HEAVY, "numpy") if name != "typer"]
    code = (
        "import sys\nfrom miner.cli import application\ntry:\n    application()(['--help'])\n"
        f"finally:\n    print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert "build-index" in done.stdout


def test_the_command_that_is_installed_starts() -> None:
    command = [str(Path(sys.executable).with_name("miner")), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert miner.__version__ in done.stdout


@pytest.mark.parametrize("name", miner.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert inspect.getdoc(getattr(miner, name))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_one_function_of_the_library(name: str) -> None:
    assert callable(getattr(miner, name.replace("-", "_")))
    assert name.replace("-", "_") in miner.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        miner.nonsense  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_few_options(name: str) -> None:
    import importlib

    command = importlib.import_module(f"miner.cli.{name.replace('-', '_')}").command
    assert inspect.getdoc(command)
    assert len(inspect.signature(command).parameters) <= 30


def test_the_tree_of_errors_is_drawn_completely() -> None:
    drawn = set(re.findall(r"\b[A-Z]\w+(?=\s{2,})", errors.__doc__ or ""))
    defined = {
        name
        for name, each in vars(errors).items()
        if inspect.isclass(each) and each.__module__ == "miner.errors"
    }
    assert drawn == defined


def test_every_error_that_modules_define_comes_from_the_tree() -> None:
    for path in (ROOT / "miner").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and path.name != "errors.py":
                bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                assert not bases & {"Exception", "ValueError", "RuntimeError"}, f"{path}: {node.name}"


AMONG_OWN_PROCESSES = ("executors/processes.py", "executors/process_worker.py")
"""What a run and the workers that it has started hand each other, over a socket that nobody else has."""


@pytest.mark.parametrize(
    "word",
    [
        "import pickle",
        "pickle.load",
        "torch.load(",
        "eval(",
        "exec(",
        "allow_pickle=True",
        "os.system",
        "shell=True",
    ],
)
def test_nothing_in_the_package_unpickles_or_evaluates(word: str) -> None:
    for path in (ROOT / "miner").rglob("*.py"):
        if "pickle" in word and path.relative_to(ROOT / "miner").as_posix() in AMONG_OWN_PROCESSES:
            continue
        code = re.sub(r'"""[\s\S]*?"""|#.*', "", path.read_text())
        found = re.search(rf"(?<![\w.]){re.escape(word)}", code)
        assert found is None, f"{path}: {word}"


@pytest.mark.slow
def test_the_wheel_holds_only_miner_and_works_elsewhere(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 2_000_000
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"miner", f"miner-{miner.__version__}.dist-info"}
    assert not [name for name in names if "__pycache__" in name]
    assert {"miner/py.typed", "miner/samples/queries.jsonl", "miner/risk/model.json"} <= set(names)
    assert {f"miner/serving/{name}" for name in ("page.html", "_lists.html", "page.js", "page.css")} <= set(
        names
    )
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "-q",
        "--target",
        str(tmp_path / "site"),
        str(wheel),
    ]
    subprocess.run(install, check=True)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import miner; assert miner.__file__.startswith(sys.path[0]), miner.__file__\n"
        "from miner.samples import sample\nfrom pathlib import Path\nsample(Path('s'))\n"
        "index = miner.build_index('s/corpus', 'i', encoder=miner.HashingEncoder())\n"
        "print(len(miner.mine(miner.read_queries('s/queries.jsonl'), index, encoder=miner.HashingEncoder())))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 330


@pytest.mark.slow
def test_the_source_distribution_holds_the_repository(tmp_path: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    copy = tmp_path / "copy"
    for name in tracked:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    build = "from setuptools.build_meta import build_sdist; build_sdist('..')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    assert [name for name in tracked if name not in held and Path(name).name != ".gitignore"] == []


def test_a_release_says_its_version_everywhere() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert changes.startswith(f"# Changelog\n\n## {miner.__version__}")
    assert f"\nversion: {miner.__version__}\n" in (ROOT / "CITATION.cff").read_text()


ORIGINS = [
    (None, "pip install 'miner[report]'"),
    ({"url": "file:///a/miner.whl", "archive_info": {}}, "pip install 'miner[report] @ file:///a/miner.whl'"),
    (
        {"url": "https://host/o/miner", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
        "pip install 'miner[report] @ git+https://host/o/miner@abc'",
    ),
    ({"url": f"file://{ROOT}", "dir_info": {"editable": True}}, f"pip install -e '{ROOT}[report]'"),
]


@pytest.mark.parametrize(("origin", "line"), ORIGINS)
def test_a_missing_extra_is_added_the_way_miner_was_installed(
    origin: dict[str, Any] | None, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Installed:
        def read_text(self, name: str) -> str | None:
            return json.dumps(origin) if origin and name == "direct_url.json" else None

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Installed())
    assert errors.install_line("report") == line


def test_in_a_clone_the_script_adds_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.distribution", missing)
    monkeypatch.setattr("sys.prefix", str(ROOT / ".venv"))
    monkeypatch.chdir(ROOT)
    assert errors.install_line("report") == "scripts/setup report"


FIRST = ("mine", "explain", "report", "validate", "rerank")
USED = """
import os, sys

def use(first):
    import miner
    names = [first, *miner.__all__, *reversed(miner.__all__)]
    kinds = [type(getattr(miner, name)).__name__ for name in names]
    assert kinds == [type(getattr(miner, name)).__name__ for name in names]
    assert "module" not in kinds, [n for n, k in zip(names, kinds) if k == "module"]

use(sys.argv[1])
for name in [name for name in sys.modules if name.partition(".")[0] == "miner"]:
    del sys.modules[name]
for first in sys.argv[1:]:
    if not (child := os.fork()):
        use(first)
        os._exit(0)
    print(first, os.waitpid(child, 0)[1])
"""


@pytest.fixture(scope="module")
def used(warm: Path) -> dict[str, str]:
    """What became of a fork for each name that is used first; packages of others are imported in what is forked."""
    done = subprocess.run([warm / "python", "-c", USED, *FIRST], capture_output=True, text=True, check=True)
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.parametrize("first", FIRST)
def test_a_public_name_stays_what_it_is_however_often_and_in_whatever_order_it_is_used(
    first: str, used: dict[str, str]
) -> None:
    assert used[first] == "0"
