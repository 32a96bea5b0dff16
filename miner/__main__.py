"""python -m miner, and the command `miner`."""

import signal


def main() -> None:
    """Run the command line. Ctrl-C ends it without a word for as long as nothing was begun: while it is loaded."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from miner.cli import main as run

    signal.signal(signal.SIGINT, heard)
    run()


if __name__ == "__main__":
    main()
