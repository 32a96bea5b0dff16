"""The review's server: only this machine, only with its token; every decision is on the disk when it answers."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from miner.auditing import draw, read_population, stratify
from miner.errors import ConfigError, InputError
from miner.judgments import Judgment, JudgmentStore, Pair
from miner.reviewing import ReviewQueue, ReviewServer
from miner.reviewing.queue import visible
from miner.storage.files import write_jsonl
from tests.support.audited import write_mined
from tests.support.commandline import call
from tests.support.reviewing import reviewing


@pytest.fixture
def mined(tmp_path: Path) -> Path:
    return write_mined(tmp_path / "m.jsonl", 20)


@pytest.fixture
def server(mined: Path, tmp_path: Path) -> Iterator[ReviewServer]:
    with reviewing(mined, tmp_path / "m.judgments.jsonl") as running:
        yield running


def request(
    server: ReviewServer, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    kind = answer.getheader("content-type") or ""
    told = json.loads(content) if kind == "application/json" else content.decode()
    return answer.status, told, {name.lower(): value for name, value in answer.getheaders()}


def ask(server: ReviewServer, name: str, body: object = None) -> Any:
    method = "GET" if body is None else "POST"
    status, told, _ = request(server, method, f"/{server.token}/{name}", body)
    assert status == 200, told
    return told


def test_decisions_are_those_of_the_audit_and_on_the_disk_at_once(
    server: ReviewServer, mined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, verdict in enumerate(["answers", "no", "unsure", "no", "no"]):
        state = ask(server, "decide", {"place": place, "verdict": verdict})
        assert state["answered"] == place + 1
        lines = (tmp_path / "m.judgments.jsonl").read_text().splitlines()
        assert json.loads(lines[-1])["verdict"] == verdict
    assert state["rate"]["rate"] is not None
    found = json.loads(call(capsys, "audit", mined, "-k", 5, "--json").out)
    assert [found[name] for name in ("yes", "no", "unsure", "unanswered")] == [1, 3, 1, 0]
    assert found["rate"] == state["rate"]["rate"]


def test_the_order_is_that_of_the_audits_draw_and_nothing_leads_whoever_answers(
    server: ReviewServer, mined: Path
) -> None:
    population = read_population(mined, 0)
    expected = population.pairs([member for _, member in draw(stratify(population), 5)])
    items = [ask(server, "item", {"place": place}) for place in range(5)]
    assert [item["candidate"] for item in items] == [pair.passage for pair in expected]
    assert all(
        set(item) <= {"place", "query", "relevant", "candidate", "id", "verdict", "judged"} for item in items
    )


def test_undo_takes_back_one_decision_and_the_one_before_counts_again(server: ReviewServer) -> None:
    for verdict in ("no", "answers"):
        ask(server, "decide", {"place": 2, "verdict": verdict})
    assert ask(server, "undo", {"place": 2})["verdicts"][2] == "no"
    assert ask(server, "undo", {"place": 2})["verdicts"][2] is None
    assert ask(server, "undo", {"place": 2})["answered"] == 0


def test_two_windows_and_a_terminal_lose_nothing(server: ReviewServer, mined: Path, tmp_path: Path) -> None:
    with reviewing(mined, tmp_path / "m.judgments.jsonl") as other:
        for place in range(4):
            ask(server if place % 2 else other, "decide", {"place": place, "verdict": "no"})
        pair = server.queue.pairs[4]
        JudgmentStore(tmp_path / "m.judgments.jsonl").append(Judgment.now(pair, "answers"))
        expected = ["no", "no", "no", "no", "answers"]
        assert ask(server, "state")["verdicts"] == ask(other, "state")["verdicts"] == expected


def test_the_doubtful_come_first_with_what_was_said_and_no_rate(mined: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in mined.read_text().splitlines()]
    said = [("no", 0), ("unsure", 3), ("answers", 5)]
    store = JudgmentStore(tmp_path / "j.jsonl")
    for verdict, row in said:
        pair = Pair(rows[row]["query"], rows[row]["hard_negatives"][0])
        store.append(Judgment.now(pair, verdict, "m"))  # type: ignore[arg-type]
    queue = ReviewQueue(mined, JudgmentStore(tmp_path / "j.jsonl"), k=0, order="doubtful")
    first, second = queue.item(0), queue.item(1)
    assert [item["judged"] for item in (first, second)] == [
        {"verdict": "unsure", "by": "m"},
        {"verdict": "answers", "by": "m"},
    ]
    assert queue.item(len(queue) - 1)["judged"] == {"verdict": "no", "by": "m"}
    queue.decide(0, "no")
    assert "rate" not in queue.state()


def test_the_corrected_file_is_exported(server: ReviewServer, mined: Path) -> None:
    ask(server, "decide", {"place": 0, "verdict": "answers"})
    pair = server.queue.pairs[0]
    rows = [json.loads(line) for line in ask(server, "export").splitlines()]
    assert len(rows) == 20
    (row,) = [row for row in rows if pair.passage in row["relevant_passages"]]
    assert row["query"] == pair.query
    assert pair.passage not in row["hard_negatives"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 404),
        ("GET", "/wrong/state", {}, 404),
        ("GET", "/TOKEN/nothing", {}, 404),
        ("GET", "/TOKEN/../etc/passwd", {}, 404),
        ("GET", "/TOKEN/decide", {}, 404),
        ("GET", "/TOKEN/state", {"host": "evil.example"}, 403),
        ("POST", "/TOKEN/decide", {"origin": "http://evil.example"}, 403),
        ("POST", "/TOKEN/decide", {"content_length": "99999999"}, 413),
        ("POST", "/TOKEN/decide", {"content_length": "x"}, 413),
    ],
)
def test_nobody_else_is_answered(
    server: ReviewServer, tmp_path: Path, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    found, told, _ = request(server, method, path.replace("TOKEN", server.token), **headers)
    assert (found, list(told)) == (status, ["message"])
    assert not (tmp_path / "m.judgments.jsonl").exists()


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"place": 0},
        {"place": 0, "verdict": "maybe"},
        {"place": 5, "verdict": "no"},
        {"place": -1, "verdict": "no"},
        {"place": True, "verdict": "no"},
        {"place": "0", "verdict": "no"},
    ],
)
def test_what_is_no_decision_is_refused(server: ReviewServer, tmp_path: Path, body: object) -> None:
    status, told, _ = request(server, "POST", f"/{server.token}/decide", body)
    assert (status, "expected" in told["message"]) == (400, True)
    assert not (tmp_path / "m.judgments.jsonl").exists()


def test_every_answer_forbids_what_the_page_does_not_need(server: ReviewServer) -> None:
    for name in ("", "review.js", "review.css", "state"):
        _, _, headers = request(server, "GET", f"/{server.token}/{name}")
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
        assert headers["referrer-policy"] == "no-referrer"


def test_a_disk_that_is_full_is_told_and_nothing_counts_as_kept(server: ReviewServer, tmp_path: Path) -> None:
    (tmp_path / "m.judgments.jsonl").mkdir()
    status, told, _ = request(server, "POST", f"/{server.token}/decide", {"place": 0, "verdict": "no"})
    assert status == 500
    assert "cannot be" in told["message"]


def test_what_nobody_would_see_is_shown_by_its_code() -> None:
    assert visible("a\u202eb\x00\u200bc\n") == "a⟨U+202E⟩b⟨U+0000⟩⟨U+200B⟩c\n"


def test_a_taken_port_and_a_file_without_negatives_are_one_sentence(
    server: ReviewServer, mined: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"port {server.port}: cannot be served at"):
        ReviewServer(server.queue, server.port)
    write_jsonl(tmp_path / "e.jsonl", [{"query": "q", "relevant_passages": ["r"]}])
    with pytest.raises(InputError, match="holds no mined negative"):
        ReviewQueue(tmp_path / "e.jsonl", JudgmentStore(tmp_path / "j.jsonl"))
