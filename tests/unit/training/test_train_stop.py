from __future__ import annotations

import signal
import threading

import pytest

from miner.training.stop import asked_to_stop


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_a_first_press_is_a_wish_and_a_second_one_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)
    with asked_to_stop() as asked:
        assert not asked()
        press()
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_nothing_is_asked_and_nothing_is_caught() -> None:
    before, seen = signal.getsignal(signal.SIGINT), list[object]()

    def work() -> None:
        with asked_to_stop() as asked:
            seen.extend((asked(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, True]
