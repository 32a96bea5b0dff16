"""Progress: what is said of a stage, that it is said at once and steadily, and that it can be turned off."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from threading import Thread

import pytest

from miner import build_index, mine
from miner.data import Passage, Query
from miner.encoders.load import load_encoder
from miner.progress import Clock, Silent, clock_of, tick, ticking
from miner.progress.live import LivingLine, PlainLines, Watch, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Heard:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.stages: dict[str, list[int]] = {}
        self.totals: dict[str, int | None] = {}
        self.now = ""

    def begin(self, stage: str, total: int | None, unit: str) -> None:
        self.now = stage
        self.totals[stage] = total
        self.stages.setdefault(stage, [])

    def advance(self, done: int) -> None:
        self.stages[self.now].append(done)

    def end(self) -> None: ...


def test_ticks_are_heard_from_any_thread_and_never_more_than_there_is() -> None:
    told = list[int]()

    def work(tell: Callable[[int], None]) -> None:
        for _ in range(4):
            tell(2)

    from miner.progress import ticker

    with ticking(told.append, 11):
        threads = [Thread(target=work, args=(ticker(),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tick(5)
    assert sum(told) == 11
    told.clear()
    with ticking(told.append, 11):
        tick(4)
    assert told == [4, 7]
    tick(3)
    assert told == [4, 7]


def test_encoding_and_queries_tick_steadily(
    tmp_path_factory: pytest.TempPathFactory, passages: list[Passage], queries: list[Query]
) -> None:
    heard = Heard()
    encoder = load_encoder(lambda texts: [[len(text), 1.0] for text in texts], name="lengths")
    folder = tmp_path_factory.mktemp("progress") / "index"
    index = build_index(passages, folder, encoder, clock=Clock(heard))
    mine(queries * 3, index, encoder=encoder, clock=Clock(heard))
    assert heard.totals["encode"] == sum(heard.stages["encode"]) == len(passages)
    assert len([done for done in heard.stages["encode"] if done]) >= 3
    assert sum(heard.stages["encode queries"]) == heard.totals["encode queries"]


@pytest.mark.parametrize(("done", "took", "said"), [
    (0, 3.0, "encode: 400 passages … 3s"),
    (110, 10.0, "encode: 110 of 400 passages (11/s, 26s left)"),
    (6, 2.0, "encode: 6 of 400 passages (3.0/s, 2m11s left)"),
    (2, 7.0, "encode: 2 of 400 passages (3.5 s each, 23m13s left)"),
])  # fmt: skip
def test_a_stage_says_its_rate_and_the_time_left(done: int, took: float, said: str) -> None:
    watch = Watch("encode", 400, "passages")
    watch.done, watch.start = done, time.monotonic() - took - 0.001
    assert str(watch) == said


def test_a_stage_without_an_end_says_how_many() -> None:
    watch = Watch("read", None, "passages")
    watch.done, watch.start = 1000, time.monotonic() - 2.0001
    assert str(watch) == "read: 1,000 passages (500/s)"
    assert [duration(seconds) for seconds in (0.4, 65, 7260)] == ["0s", "1m05s", "2h01m"]


def test_piped_output_has_a_line_for_a_slow_stage_and_none_for_a_quick_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A stage that does not advance at all is told of too."""
    slow, quick = Clock(PlainLines(first=0.02, every=0.02)), Clock(PlainLines(first=60))
    with quick.stage("quick"):
        pass
    assert capsys.readouterr().err == ""
    with slow.stage("load"):
        said = ""
        while said.count("load: … ") < 2:
            said += capsys.readouterr().err
            time.sleep(0.01)
    assert all(line.startswith("load: … ") for line in said.splitlines())


def test_a_terminal_shows_a_line_at_once_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    line = LivingLine()
    line.begin("encode", 400, "passages")
    line.advance(100)
    line.end()
    assert "encode: 400 passages" in screen.getvalue() or "encode: 100 of 400" in screen.getvalue()
    assert screen.getvalue().rstrip().endswith(("\x1b[2K", "\x1b[?25h", "\r"))
    line.end()


def test_progress_is_on_in_terminals_and_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(clock_of(None).progress, Silent)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert isinstance(clock_of(None).progress, LivingLine)
    assert isinstance(clock_of(None, progress=False).progress, Silent)
    given = Clock()
    assert clock_of(given) is given
