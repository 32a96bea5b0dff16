"""What the machine computes in is read off what Linux says of its processor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from miner.cli.precision import say_slow
from miner.models import hardware

Processor = Callable[[str], None]
ZEN3 = (
    "processor\t: 0\nflags\t\t: fpu sse2 avx avx2 fma\n\nprocessor\t: 1\nflags\t\t: fpu sse2 avx avx2 fma\n"
)


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Processor]:
    def becomes(said: str) -> None:
        hardware._processor_flags.cache_clear()
        monkeypatch.setattr(Path, "read_text", lambda self: said)

    yield becomes
    monkeypatch.undo()
    hardware._processor_flags.cache_clear()


def test_a_processor_with_avx2_alone_has_neither_bf16_nor_int8(processor: Processor) -> None:
    processor(ZEN3)
    assert not hardware.has_bf16()
    assert hardware.lacks("int8")


@pytest.mark.parametrize(
    "said",
    [
        "flags\t\t: avx2 avx512_bf16 avx512_vnni\n",
        "flags\t\t: avx2 avx_vnni\n",
        "Features\t: fp asimd asimddp\n",
        "",
    ],
)
def test_int8_is_not_warned_of_where_it_is_fast_or_nobody_says(said: str, processor: Processor) -> None:
    processor(said)
    assert not hardware.lacks("int8")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"max": "max 100000\n"}, 8),
        ({"max": "250000 100000\n"}, 3),
        ({"max": "6400000 100000\n"}, 8),
        ({"max": "nonsense\n"}, 8),
        ({"quota": "-1\n", "period": "100000\n"}, 8),
        ({"quota": "50000\n", "period": "100000\n"}, 1),
    ],
)
def test_a_container_uses_as_many_processors_as_it_may_keep_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], expected: int
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(hardware, "QUOTAS", [str(tmp_path / name) for name in ("max", "quota", "period")])
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert hardware.processors() == expected


def test_bf16_is_taken_where_the_processor_has_it(processor: Processor) -> None:
    processor("flags\t\t: avx2 avx512_bf16\n")
    assert hardware.has_bf16()


def test_int8_is_told_to_be_slow_where_it_is(
    processor: Processor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    processor(ZEN3)
    monkeypatch.setattr(hardware, "may_have_gpu", lambda: False)
    say_slow("fp32")
    assert not capsys.readouterr().err
    say_slow("int8")
    assert "products in int8: expect it to be no faster than fp32" in capsys.readouterr().err


def test_nothing_is_said_of_the_processor_where_a_gpu_computes(
    processor: Processor, capsys: pytest.CaptureFixture[str]
) -> None:
    processor(ZEN3)
    say_slow("bf16", "cuda")
    assert not capsys.readouterr().err
