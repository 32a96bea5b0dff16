"""miner.review: one call behind the command."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import miner
from miner.errors import InputError
from miner.formats.cohere import companion
from miner.judgments import JUDGMENTS
from miner.reviewing import ReviewServer
from tests.support.audited import write_mined
from tests.support.commandline import call


def decide(server: ReviewServer, place: int) -> None:
    body = json.dumps({"place": place, "verdict": "no"}).encode()
    with urllib.request.urlopen(f"{server.address}decide", body) as answer:
        assert answer.status == 200


def working(server: ReviewServer) -> None:
    """Somebody who decides on two and goes."""

    def work() -> None:
        for place in range(2):
            decide(server, place)
        server.server.shutdown()

    Thread(target=work).start()


def test_what_was_decided_comes_back_and_lies_where_it_was_asked_for(tmp_path: Path) -> None:
    mined = write_mined(tmp_path / "m.jsonl", 20)
    queue = miner.review(mined, k=3, judgments=tmp_path / "j.jsonl", browser=False, ready=working)
    assert queue.state()["answered"] == 2
    assert len((tmp_path / "j.jsonl").read_text().splitlines()) == 2
    again = miner.review(str(mined), k=3, browser=False, ready=working)
    assert again.store.path == tmp_path / "m.judgments.jsonl"


def test_the_command_calls_it_with_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mined, opened = write_mined(tmp_path / "m.jsonl", 20), list[str]()

    def run(server: ReviewServer) -> None:
        def work() -> None:
            decide(server, 0)
            server.server.shutdown()

        decide_first = Thread(target=work)
        decide_first.start()
        server.server.serve_forever(poll_interval=0.05)
        decide_first.join()
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(ReviewServer, "run", run)
    done = call(capsys, "review", mined, "-k", 4, "--doubtful")
    assert done.code == 0
    assert done.out.strip() == opened[0]
    assert "4 negatives to decide on" in done.err
    assert "1 of 4 decided" in done.err


def test_what_is_no_mined_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text("")
    given: dict[str, Any] = {"browser": False, "ready": working}
    with pytest.raises(InputError):
        miner.review(tmp_path / "e.jsonl", **given)


@pytest.mark.parametrize("ending", [".jsonl", ".json", ".csv"])
def test_rows_of_any_shape_are_reviewed_and_come_out_as_coheres(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"anchor": f"q{n}", "positive": f"p{n}", "negative": f"n{n}"} for n in range(9)]
    path, exported = tmp_path / f"t{ending}", list[dict[str, Any]]()
    if ending == ".csv":
        path.write_text("anchor,positive,negative\n" + "".join(",".join(row.values()) + "\n" for row in rows))
    else:
        lines = [json.dumps(row) for row in rows]
        path.write_text("\n".join(lines) if ending == ".jsonl" else f"[{','.join(lines)}]")

    def work(server: ReviewServer) -> None:
        server.queue.decide(0, "answers")
        exported.extend(map(json.loads, server.answer("GET", f"/{server.token}/export", b"")[1].splitlines()))

    monkeypatch.setattr(ReviewServer, "run", work)
    done = call(capsys, "review", path, "-k", 0, "--no-browser")
    assert done.code == 0
    assert "1 of 9 decided" in done.err
    assert len(exported) == 9
    (changed,) = [row for row in exported if not row["hard_negatives"]]
    assert changed["relevant_passages"] == [f"p{changed['query'][1]}", f"n{changed['query'][1]}"]
    (kept,) = companion(path, JUDGMENTS).read_text().splitlines()
    assert json.loads(kept)["verdict"] == "answers"


def test_decisions_on_standard_input_need_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    refused = call(capsys, "review", "-", "--no-browser")
    assert refused.code == 2
    assert "--judgments" in refused.err
