"""python -m miner, and the command `miner`."""

import gc
import signal

OBJECTS = 20_000
"""Made before Python looks for garbage among them: a start makes many times its 700, of which none is."""


def main() -> None:
    """Run the command line. Ctrl-C ends it without a word for as long as nothing was begun: while it is loaded.

    Before it ends Python would look through all objects once more: two tenths of a second, for nothing.
    """
    gc.set_threshold(OBJECTS)
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from miner.cli import main as run

    signal.signal(signal.SIGINT, heard)
    try:
        run()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
