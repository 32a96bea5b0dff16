"""The documents run: every block of the README is executed in order in one folder, and every command is named."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from miner.cli import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.model
@pytest.mark.slow
def test_the_blocks_of_the_readme_run(tmp_path: Path) -> None:
    shell = [block for block in blocks("sh") if "scripts/" not in block]
    assert shell
    bin_folder = Path(sys.executable).parent
    for block in shell:
        done = subprocess.run(
            ["bash", "-euc", f'export PATH="{bin_folder}:$PATH"\n{block}'],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").stat().st_size > 10_000
    for block in blocks("python"):
        done = subprocess.run(
            [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\n") > 330


def test_the_first_commands_of_the_readme_are_the_scripts() -> None:
    assert re.findall(r"^scripts/\w+", blocks("sh")[0], re.MULTILINE) == [
        "scripts/quickstart",
        "scripts/test",
    ]
    assert README.index("scripts/quickstart") < 600


def test_ci_runs_what_the_readme_says() -> None:
    ci = (ROOT / ".ci" / "run").read_text().splitlines()
    assert "scripts/test" in ci
    assert "scripts/check" in ci


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_documents(name: str) -> None:
    documents = README + "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    assert f"miner {name}" in documents


def test_nothing_in_the_repository_names_a_registry_or_a_private_path() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    words = re.compile(r"pypi\.org|registry\.npmjs|deb\.debian|/opt/wheels|/work/")
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix in (".py", ".md", ".toml", ".txt", ".json", "")
            and path.is_file()
            and path != Path(__file__)
        ):
            assert not words.search(path.read_text(errors="ignore")), name
