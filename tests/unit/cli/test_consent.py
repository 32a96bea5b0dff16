"""Every command that encodes takes --encoder, and asks before texts go to a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from miner.endpoints import CallPlan
from miner.errors import Declined
from miner.storage.files import write_jsonl
from tests.support.commandline import call
from tests.support.endpoints import FakeService, fake_service

pytest.importorskip("openai", reason="the extra 'openai' is not installed")

TEXTS = [f"{word} number {i} of the plan" for i in range(20) for word in ("pause", "renew", "cancel")]
COMMANDS = {
    "build-index": ("build-index", "corpus.jsonl", "-o", "other"),
    "mine": ("mine", "q.jsonl", "--index", "index"),
    "mine, building an index": ("mine", "q.jsonl"),
    "mine, judged": (
        "mine",
        "q.jsonl",
        "--index",
        "index",
        "--judge",
        "function(path='consenting:no', trial=0)",
    ),
    "mine, dry": ("mine", "q.jsonl", "--index", "index", "--dry-run", "--judge", "file(path='j.jsonl')"),
    "explain": ("explain", "how to renew?", "--queries", "q.jsonl", "--index", "index"),
    "calibrate": ("calibrate", "q.jsonl", "--index", "index", "--prior", "0.5"),
    "relabel": (
        *("relabel", "rows.jsonl", "-o", "new.jsonl", "--index", "index"),
        *("--judge", "function(path='consenting:yes', trial=0)", "--drop"),
    ),
}


@pytest.fixture
def service() -> Iterator[FakeService]:
    with fake_service() as running:
        yield running


@pytest.fixture
def spelt(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """A folder with all that the commands want, an index by the service among it; how that is spelt."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    spelt = f'openai(model="m", base_url="{service.openai}", price=0.5)'
    passages = [{"text": text} for text in TEXTS]
    write_jsonl(Path("corpus.jsonl"), passages)
    assert call(capsys, "build-index", "corpus.jsonl", "-o", "index", "--encoder", spelt).code == 0
    write_jsonl(Path("corpus.jsonl"), [*passages, {"text": "quite new"}])
    asked = {"query": "how to renew?", "relevant_passages": ["renew number 3 of the plan"]}
    write_jsonl(Path("q.jsonl"), [asked])
    write_jsonl(
        Path("rows.jsonl"),
        [{**asked, "hard_negatives": ["pause number 1 of the plan", "pause number 2 of the plan"]}],
    )
    write_jsonl(Path("j.jsonl"), [{"query": "x", "passage": "y", "verdict": "no"}])
    Path("consenting.py").write_text(
        "def no(query, passage):\n    return False\n\n\ndef yes(query, passage):\n    return ' 1 ' in passage\n"
    )
    return spelt


def answering(answer: Callable[[CallPlan], None]) -> Callable[[bool], Callable[[CallPlan], None]]:
    return lambda yes: answer


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nothing_is_sent_that_was_not_agreed_to(
    command: tuple[str, ...],
    spelt: str,
    service: FakeService,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def no(plan: CallPlan) -> None:
        raise Declined(f"nothing was sent to {plan.host}")

    before = len(service.texts)
    monkeypatch.setattr("miner.endpoints.ask_in_terminal", answering(no))
    refused = call(capsys, *command, "--encoder", spelt)
    assert refused.code != 0, refused.err
    assert f"nothing was sent to {service.address.removeprefix('http://')}" in refused.err
    assert len(service.texts) == before
    plans = list[CallPlan]()
    monkeypatch.setattr("miner.endpoints.ask_in_terminal", answering(plans.append))
    done = call(capsys, *command, "--encoder", spelt)
    assert done.code == 0, done.err
    sent = service.texts[before:]
    assert sent
    assert sum(plan.texts for plan in plans) == len(sent)
    assert all(plan.money for plan in plans)


def test_yes_is_passed_on(
    spelt: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = list[bool]()

    def asker(yes: bool) -> Callable[[CallPlan], None]:
        given.append(yes)
        return lambda plan: None

    monkeypatch.setattr("miner.endpoints.ask_in_terminal", asker)
    assert call(capsys, "mine", "q.jsonl", "--index", "index", "--yes").code == 0
    assert call(capsys, "mine", "q.jsonl", "--index", "index").code == 0
    assert set(given[:1]) == {True}
    assert given[-1] is False


def test_another_encoder_than_the_indexs_is_refused(spelt: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("mine", "explain", "calibrate"):
        refused = call(capsys, *COMMANDS[name], "--encoder", "hashing")
        assert refused.code != 0
        assert "the index was built" in refused.err or "encoder" in refused.err
