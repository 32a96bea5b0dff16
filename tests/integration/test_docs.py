"""The documents run: every block of the README and of the pages that teach is executed, in order, in a folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from miner.cli import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCS = sorted((ROOT / "docs").rglob("*.md"))
TAUGHT = [page for page in DOCS if page.parent.name in ("start", "how-to")]
ALONE = {"README.md", "sample.md", "notebook.md"}
"""Pages that make the sample and its index themselves; the others find both."""
LONGEST = 120
"""Lines of a page that teaches."""


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """(language, code) of each block that is to run: 'sh' and 'python'; 'console' is shown only."""
    for found in re.finditer(r"^```(sh|python)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield found[1], found[2]


BEGINNING = "".join(next(blocks(README))[1].splitlines(keepends=True)[:3])
"""What pages begin with that make the sample and its index themselves: done once for all of them."""


def run(language: str, code: str, folder: Path, commands: Path) -> str:
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    command = (
        ["bash", "-euo", "pipefail", "-c", code]
        if language == "sh"
        else [str(commands / "python"), "-c", code]
    )
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, f"{code}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Path:
    """A folder with the sample and an index of it, made without a model, and mined: what an index keeps is there."""
    folder = tmp_path_factory.mktemp("sample")
    made = (
        "miner sample help",
        "miner build-index help/corpus --encoder hashing --out indexes/help",
        "miner mine help/queries.jsonl --index indexes/help -o mined.jsonl",
        "rm mined.*",
    )
    run("sh", "\n".join(made), folder, warm)
    return folder


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Path:
    """A folder after BEGINNING."""
    folder = tmp_path_factory.mktemp("begun")
    run("sh", BEGINNING, folder, warm)
    return folder


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("page", [ROOT / "README.md", *TAUGHT], ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run(
    page: Path, sample: Path, warm: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "work"
    folder.mkdir() if page.name in ALONE else shutil.copytree(sample, folder)
    python = ""
    for language, code in blocks(page.read_text()):
        if code.startswith(BEGINNING):
            shutil.copytree(request.getfixturevalue("begun"), folder, dirs_exist_ok=True)
            code = code.removeprefix(BEGINNING)
        if language == "sh":
            run("sh", code, folder, warm)
        else:
            python += code
    run("python", python, folder, warm)


def calls(text: str) -> Iterator[list[str]]:
    """The words of each call of miner in the fenced blocks of a page."""
    for block in re.findall(r"^```(?:sh|console|bash)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            if found := re.search(r"(?:^|[|;&] *)miner (.*)", line.strip()):
                yield shlex.split(found[1].partition(" || ")[0], comments=True)


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS], ids=lambda page: page.stem)
def test_every_call_on_a_page_has_a_command_and_options_that_exist(page: Path) -> None:
    from miner.cli.group import load

    for words in calls(page.read_text()):
        if words[0].startswith("-") or words[0] in ("help", "COMMAND"):
            continue
        assert words[0] in COMMANDS, words
        known = {spelling for param in load(words[0]).params for spelling in param.opts} | {"-h", "--help"}
        assert [word for word in words if re.match("--?[a-z]", word) and word not in known] == [], words


@pytest.mark.parametrize("page", TAUGHT, ids=lambda page: page.stem)
def test_pages_that_teach_are_short_and_show_something_to_run(page: Path) -> None:
    text = page.read_text()
    assert len(text.splitlines()) <= LONGEST
    assert "```" in text


def test_ci_runs_what_contributors_are_told() -> None:
    ci = (ROOT / ".ci" / "run").read_text().splitlines()
    assert "scripts/test" in ci
    assert "scripts/check" in ci
    assert ".ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert "mkdocs build" in (ROOT / "scripts" / "check").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_documents(name: str) -> None:
    assert f"miner {name}" in README + "".join(page.read_text() for page in DOCS)


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *DOCS], ids=lambda page: page.stem)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        generated = "reference/" in target and (ROOT / "docs") in page.parents
        if "://" not in target and not generated:
            assert (page.parent / target).exists(), target


def test_the_pages_that_code_writes_name_every_command_option_and_public_name() -> None:
    import miner
    from miner.cli.group import load

    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from reference import pages  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    made = dict(pages())
    for name in COMMANDS:
        page = made[f"reference/commands/{name}.md"]
        for option in load(name).params:
            assert option.name.upper() in page or option.opts[0] in page
    for name in set(miner.__all__) - {"__version__"}:
        found = getattr(miner, name)
        assert f"::: {found.__module__}.{found.__qualname__}\n" in made["reference/python.md"]


def test_nothing_in_the_repository_names_a_registry_or_a_private_path() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    words = re.compile(r"pypi\.org|registry\.npmjs|deb\.debian|/opt/wheels|/work/")
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix in (".py", ".md", ".toml", ".txt", ".json", ".yml", "")
            and path.is_file()
            and path != Path(__file__)
        ):
            assert not words.search(path.read_text(errors="ignore")), name
