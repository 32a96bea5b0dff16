from __future__ import annotations

import signal
import subprocess
import sys
import threading

from miner.training.stop import asked_to_stop

PRESSED = """
import signal
from miner.training.stop import asked_to_stop

before, seen = signal.getsignal(signal.SIGINT), []
with asked_to_stop() as asked:
    seen.append(asked())
    signal.raise_signal(signal.SIGINT)
    seen.append(asked())
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        seen.append("interrupted")
print(seen, signal.getsignal(signal.SIGINT) is before)
"""


def test_a_first_press_is_a_wish_and_a_second_one_interrupts() -> None:
    """In a process of its own, whose signals are nobody else's."""
    done = subprocess.run([sys.executable, "-c", PRESSED], capture_output=True, text=True, check=True)
    assert done.stdout == "[False, True, 'interrupted'] True\n"


def test_in_another_thread_nothing_is_asked_and_nothing_is_caught() -> None:
    before, seen = signal.getsignal(signal.SIGINT), list[object]()

    def work() -> None:
        with asked_to_stop() as asked:
            seen.extend((asked(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, True]
