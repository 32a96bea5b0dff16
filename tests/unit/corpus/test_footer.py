"""One process looks at the footers of many parquet files, and may die of any."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from miner.corpus import footer
from miner.corpus.footer import check_footer
from miner.errors import InputError


@pytest.fixture(autouse=True)
def _asked_by_nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(footer, "_onlookers", {})
    yield
    footer._ended()


def made(path: Path) -> Path:
    sink = io.BytesIO()
    pq.write_table(pa.table({"query": ["q"], "relevant_ids": [["a"]]}), sink)
    path.write_bytes(sink.getvalue())
    return path


def deadly(path: Path) -> Path:
    data = bytearray(made(path).read_bytes())
    data[len(data) - 8 - int.from_bytes(data[-8:-4], "little") + 20] += 16
    path.write_bytes(data)
    return path


def onlooker() -> footer._Onlooker:
    return footer._onlookers[os.getpid()]


def pid() -> int:
    process = onlooker().process
    assert process is not None
    return process.pid


def test_one_process_looks_at_many_files(tmp_path: Path) -> None:
    check_footer(made(tmp_path / "a.parquet"))
    first = pid()
    check_footer(made(tmp_path / "b.parquet"))
    assert pid() == first


def test_a_file_of_any_name_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its footer is damaged"):
        check_footer(deadly(tmp_path / "b\n\udcff.parquet"))


def test_a_file_that_ends_it_costs_the_next_nothing(tmp_path: Path) -> None:
    whole, broken = made(tmp_path / "a.parquet"), deadly(tmp_path / "b.parquet")
    for _ in range(2):
        check_footer(whole)
        with pytest.raises(InputError, match=r"b\.parquet: is not a readable parquet file"):
            check_footer(broken)
    check_footer(whole)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_one_that_is_gone_is_begun_again(tmp_path: Path, number: signal.Signals) -> None:
    check_footer(made(tmp_path / "a.parquet"))
    first, process = pid(), onlooker().process
    assert process is not None
    os.kill(first, number)
    process.wait()
    check_footer(made(tmp_path / "b.parquet"))
    assert pid() != first


def test_it_ends_by_itself_when_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footer, "LOOK", footer.LOOK.replace(", 3)", ", 0.01)"))
    for _ in range(2):
        check_footer(made(tmp_path / "a.parquet"))
        process = onlooker().process
        assert process is not None
        assert process.wait(60) == 0


def test_a_question_at_that_moment_is_put_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = (
        f"import pathlib, sys; first = pathlib.Path({str(tmp_path / 'first')!r})\n"
        "if not first.exists(): first.touch(); sys.stdin.readline(); sys.exit()\n"
    )
    monkeypatch.setattr(footer, "LOOK", leaves + footer.LOOK)
    with pytest.raises(InputError, match="its footer is damaged"):
        check_footer(deadly(tmp_path / "a.parquet"))
    assert (tmp_path / "first").exists()


def test_what_takes_too_long_is_told_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footer, "SECONDS", 0.1)
    monkeypatch.setattr(footer, "LOOK", "import time; time.sleep(60)")
    with pytest.raises(InputError, match=r"a\.parquet: takes over 0\.1 seconds to read its footer"):
        check_footer(made(tmp_path / "a.parquet"))
    assert onlooker().process is None


def test_threads_take_turns(tmp_path: Path) -> None:
    whole, broken = made(tmp_path / "a.parquet"), deadly(tmp_path / "b.parquet")

    def refused(number: int) -> bool:
        try:
            check_footer(broken if number % 3 == 0 else whole)
        except InputError:
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(refused, range(12))) == [number % 3 == 0 for number in range(12)]


def test_a_fork_has_its_own(tmp_path: Path) -> None:
    whole = made(tmp_path / "a.parquet")
    check_footer(whole)
    reading, writing = os.pipe()
    if not (child := os.fork()):
        check_footer(whole)
        os.write(writing, str(pid()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        assert int(stream.read()) != pid()
    assert os.waitpid(child, 0)[1] == 0
