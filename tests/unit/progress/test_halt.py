"""A signal whose exception a library loses ends the command all the same, with nothing half-written."""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from miner.encoders.hashing import HashingEncoder
from miner.errors import MissingExtra
from miner.index import open_index
from miner.progress import Clock, halt
from miner.storage.files import write_bytes
from miner.storage.folder import filled
from tests.support.commandline import call


@pytest.fixture(autouse=True)
def untold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "unraisablehook", lambda lost: None)
        yield
    halt.told = False


def in_ctypes() -> None:
    """As threadpoolctl asks the linker for what is loaded: Python can raise nothing from there."""
    ctypes.CFUNCTYPE(None)(lambda: halt.tell(signal.SIGTERM, None))()


def in_a_finalizer() -> None:
    class Finalized:
        def __del__(self) -> None:
            halt.tell(signal.SIGTERM, None)

    Finalized()


def in_a_bare_except() -> None:
    with suppress(BaseException):
        halt.tell(signal.SIGTERM, None)


lost = pytest.mark.parametrize("lose", [in_ctypes, in_a_finalizer, in_a_bare_except])


@lost
def test_no_file_and_no_folder_takes_its_place_and_the_next_block_is_not_begun(
    lose: Callable[[], None], tmp_path: Path
) -> None:
    lose()
    clock = Clock()
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "file", b"whole")
    with pytest.raises(KeyboardInterrupt), filled(tmp_path / "folder") as folder:
        (folder / "a").touch()
    with pytest.raises(KeyboardInterrupt), clock.stage("next"):
        pytest.fail("was begun")
    assert not list(tmp_path.iterdir())


@lost
def test_a_command_ends_in_one_line_and_continues(
    lose: Callable[[], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [json.dumps({"_id": str(i), "text": f"text {i}"}) for i in range(9)]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
    words = ("build-index", tmp_path / "corpus.jsonl", "--encoder", "hashing", "-o", tmp_path / "index", "-q")
    encode = HashingEncoder.encode_passages

    def losing(encoder: HashingEncoder, texts: Sequence[str]) -> Any:
        lose()
        return encode(encoder, texts)

    with monkeypatch.context() as patch:
        patch.setattr(HashingEncoder, "encode_passages", losing)
        done = call(capsys, *words)
    assert (done.code, done.out) == (130, "")
    assert done.err.startswith("error: interrupted; nothing half-written was left")
    assert done.err.count("\n") == 1
    assert not (tmp_path / "index" / "manifest.json").exists()
    halt.told = False
    assert call(capsys, *words).code == 0
    assert len(open_index(tmp_path / "index")) == 9


def test_what_a_library_makes_of_it_is_not_told_as_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: object) -> None:
        in_a_bare_except()
        raise MissingExtra("reading", "documents")

    monkeypatch.setattr(HashingEncoder, "encode_passages", fails)
    (tmp_path / "a.txt").write_text("a")
    done = call(capsys, "build-index", tmp_path / "a.txt", "--encoder", "hashing", "-o", tmp_path / "i", "-q")
    assert done.code == 130
    assert done.err.startswith("error: interrupted; ")


def test_only_the_main_thread_is_ended_and_what_waits_for_it_goes_on() -> None:
    in_a_bare_except()
    gone_on: list[bool] = []

    def work() -> None:
        halt.check()
        gone_on.append(True)

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert gone_on
    with halt.awaited():
        halt.check()
    halt.check()


def test_a_real_signal_in_a_callback_ends_the_process_without_a_traceback(tmp_path: Path) -> None:
    program = (
        "import ctypes, os, signal\n"
        "from miner.cli.group import guarded\n"
        "from miner.progress import halt\n"
        "from miner.storage.files import write_bytes\n"
        "from pathlib import Path\n"
        "def command():\n"
        "    ctypes.CFUNCTYPE(None)(lambda: os.kill(os.getpid(), signal.SIGTERM))()\n"
        "    write_bytes(Path('out'), b'whole')\n"
        "halt.listen()\n"
        "guarded(command)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (130, 1), done.stderr
    assert not list(tmp_path.iterdir())
