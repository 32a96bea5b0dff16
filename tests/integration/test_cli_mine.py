"""miner build-index and miner mine as a user meets them; wrong input gets one sentence and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from miner.storage.files import write_jsonl
from tests.support.commandline import call
from tests.support.endpoints import fake_service

ROW = {"query": "how do I cancel my plan", "relevant_ids": ["plan/cancel.md"]}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def built(here: Path, corpus_file: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert call(capsys, "build-index", corpus_file, "--encoder", "hashing").code == 0
    return here / "indexes" / "corpus"


def test_two_commands_give_rows_receipts_and_a_record(
    built: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_jsonl(here / "queries.jsonl", [ROW, {"query": "pause it", "relevant_passages": ["You can pause."]}])
    done = call(capsys, "mine", "queries.jsonl", "-o", "train.jsonl", "--filter", "margin(relative=0.05)")
    assert (done.code, done.out) == (0, "")
    assert "margin(relative=0.05)" in done.err
    rows = [json.loads(line) for line in (here / "train.jsonl").read_text().splitlines()]
    assert [len(row["hard_negatives"]) for row in rows] == [5, 5]
    record = json.loads((here / "train.run.json").read_text())
    assert record["arguments"]["filter"] == ["margin(relative=0.05)"]
    assert {stage["stage"] for stage in record["stages"]} >= {"encode queries", "search", "filter", "write"}


def test_the_same_command_twice_gives_the_same_bytes(
    built: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_jsonl(here / "queries.jsonl", [ROW])
    for name in ("a", "b"):
        assert call(capsys, "mine", "queries.jsonl", "-o", f"{name}.jsonl", "--select", "sample()").code == 0
    assert (here / "a.jsonl").read_bytes() == (here / "b.jsonl").read_bytes()
    assert (here / "a.receipts.jsonl").read_bytes() == (here / "b.receipts.jsonl").read_bytes()


@pytest.mark.parametrize("method", ["hnsw", "ivf", "ivfpq(nprobe=8)"])
def test_approximate_search_says_what_it_overlooks(
    built: Path, here: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    write_jsonl(here / "queries.jsonl", [ROW, {"query": "pause it", "relevant_passages": ["You can pause."]}])
    done = call(capsys, "mine", "queries.jsonl", "-o", "t.jsonl", "--search", method, "--depth", "20")
    record = json.loads((here / "t.run.json").read_text())
    (recall,) = record["recall"].values()
    assert 0.5 < recall <= 1
    assert f"{recall:.2%}" in done.err
    assert record["recipe"]["search"] == method
    assert [len(json.loads(line)["hard_negatives"]) for line in (here / "t.jsonl").open()] == [5, 5]


def test_memory_allowed_changes_no_row(built: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jsonl(here / "queries.jsonl", [ROW])
    for name, size in (("a", "1M"), ("b", "2G")):
        assert call(capsys, "mine", "queries.jsonl", "-o", f"{name}.jsonl", "--max-memory", size).code == 0
    assert (here / "a.jsonl").read_bytes() == (here / "b.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--search", "annoy"], "unknown search method 'annoy'; search methods: exact, hnsw, ivf, ivfpq"),
        (["--search", "ivfpq(probes=8)"], "unknown option 'probes'"),
        (["--search", "ivfpq(nprobe=0)"], "ivfpq(nprobe=0) has a number below 1"),
        (["--search", "ivfpq(code=7)"], "dimensions of the index cannot be divided among 7 bytes"),
        (["--max-memory", "lots"], "'lots'; expected a number with K, M, G or T, as 512M"),
        (["--max-memory", "2K"], "2048 bytes of memory are too few to search"),
    ],
)
def test_search_options_that_mean_nothing_are_refused(
    built: Path, here: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    write_jsonl(here / "queries.jsonl", [ROW])
    done = call(capsys, "mine", "queries.jsonl", *options)
    assert (done.code, says in done.err) == (2, True)


BAD_QUERIES = {
    "broken JSON": (
        b'{"query": "a", "relevant_ids": ["plan/cancel.md"]\n{"query": \n',
        ":1: is not valid JSON",
    ),
    "not UTF-8": (b'{"query": "caf\xe9", "relevant_ids": ["plan/cancel.md"]}\n', ":1: "),
    "a number for a list": (
        b'{"query": "a", "relevant_passages": 5}\n',
        ":1: 'relevant_passages' is a number",
    ),
    "no query": (b'{"relevant_passages": ["text"]}\n', ": holds no queries with what answers them: found"),
    "nothing relevant": (b'\n{"query": "a"}\n', ": holds no queries with what answers them: found query;"),
    "an empty list": (b'{"query": "a", "relevant_passages": []}\n', ":1: has no relevant passage"),
    "a lone surrogate": (b'{"query": "a \\ud800", "relevant_passages": ["b"]}\n', ":1: is not valid JSON"),
    "an unknown id": (
        b'{"query": "a", "relevant_ids": ["nope"]}\n',
        ": the queries have ids as 'nope', the index as '",
    ),
    "an id without its ending": (
        b'{"query": "a", "relevant_ids": ["docs/plan/cancel"]}\n',
        "; did you mean 'plan/cancel.md'?",
    ),
    "a list": (b"[1]\n", ":1: holds a number"),
    "nothing": (b"", "holds no queries"),
}


@pytest.mark.parametrize("case", BAD_QUERIES)
def test_bad_queries_get_one_sentence_that_names_the_place(
    built: Path, here: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    content, message = BAD_QUERIES[case]
    (here / "bad.jsonl").write_bytes(content)
    done = call(capsys, "mine", "bad.jsonl", "-o", "train.jsonl")
    assert done.code in (1, 2)
    assert done.err.count("\n") == 1
    assert done.err.startswith("error: bad.jsonl")
    assert message in done.err
    assert not list(here.glob("*train*"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("missing.jsonl",), 2, "missing.jsonl: no such file"),
        (("queries.jsonl", "--filter", "margn()"), 2, "did you mean margin?"),
        (("queries.jsonl", "--filter", "margin(relatve=1)"), 2, "did you mean relative?"),
        (("queries.jsonl", "--select", "bottom()"), 2, "unknown selector 'bottom'"),
        (("queries.jsonl", "--index", "queries.jsonl"), 2, "queries.jsonl"),
        (("queries.jsonl", "--index", "empty"), 2, "empty"),
        (("queries.jsonl", "--index", "nowhere"), 2, "nowhere"),
        (("queries.jsonl", "-o", "queries.jsonl/out.jsonl"), 1, "cannot be written"),
        (("queries.jsonl", "--emit", "all"), 2, "expected one of text, title-text"),
        (("queries.jsonl", "--nonsense"), 2, "No such option"),
    ],
)
def test_wrong_arguments_get_one_sentence(
    built: Path, here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, message: str
) -> None:  # fmt: skip
    write_jsonl(here / "queries.jsonl", [ROW])
    (here / "empty").mkdir()
    done = call(capsys, "mine", *arguments)
    assert done.code == code
    assert message in done.err
    assert sorted(path.name for path in here.iterdir()) == [
        "corpus.jsonl",
        "empty",
        "indexes",
        "queries.jsonl",
    ]


def test_several_indexes_and_none_named_lists_them(
    built: Path, here: Path, corpus_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        call(capsys, "build-index", corpus_file, "--encoder", "hashing", "--out", "indexes/other").code == 0
    )
    write_jsonl(here / "queries.jsonl", [ROW])
    done = call(capsys, "mine", "queries.jsonl")
    assert done.code == 2
    assert "corpus" in done.err
    assert "other" in done.err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus", None, "no such"),
        ("empty", {}, ""),
        ("blank.jsonl", b"", ""),
        ("broken.jsonl", b'{"_id": "a", "text": "x"\n{"_id": "b", "text":\n', "broken.jsonl:1"),
        ("number.jsonl", b'{"_id": "a", "text": 5}\n', "number.jsonl:1"),
        ("latin.md", b"caf\xe9", "latin.md"),
        ("image.png", b"\x89PNG", "image.png"),
    ],
)
def test_a_bad_corpus_gets_one_sentence_and_no_index(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, content: object, message: str
) -> None:
    if isinstance(content, bytes):
        (here / name).write_bytes(content)
    elif content is not None:
        (here / name).mkdir()
    done = call(capsys, "build-index", name, "--encoder", "hashing", "--out", "out")
    assert done.code in (1, 2)
    assert done.err.count("\n") == 1
    assert message in done.err
    assert not (here / "out" / "manifest.json").exists()


def test_an_endpoint_is_spelt_on_the_command_line_and_its_price_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openai", reason="the extra 'openai' is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with fake_service() as service:
        spelt = f'openai(model="m", base_url="{service.openai}", price=0.5)'
        write_jsonl(Path("corpus.jsonl"), [{"text": f"text {i} about plans"} for i in range(30)])
        done = call(capsys, "build-index", "corpus.jsonl", "--encoder", spelt)
        assert done.code == 0
        assert "will get 30 texts to embed: at most 1 call, about" in done.err
        assert "at the price given" in done.err
        write_jsonl(Path("q.jsonl"), [{"query": "plans", "relevant_passages": ["text 3 about plans"]}])
        assert call(capsys, "mine", "q.jsonl").code == 0
        assert call(capsys, "mine", "q.jsonl", "--encoder", spelt).code == 0
        assert service.texts.count("plans") == 1
        assert len(service.texts) == 31 + ("a" in service.texts)
    spelt = 'openai(model="m", price="free")'
    refused = call(capsys, "build-index", "corpus.jsonl", "--encoder", spelt, "-o", "b")
    assert refused.code == 2
    assert "the price is 'free'; expected money for a million tokens" in refused.err
