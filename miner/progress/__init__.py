"""Signs of life: stages with a rate and the time left, what each of them cost, and how they are shown."""

from miner.progress.clock import Clock, Progress, Silent, Stage, peak_memory, tick, ticker, ticking
from miner.progress.counts import count_of, plural
from miner.progress.halt import halt
from miner.progress.live import Terminal, clock_of

__all__ = [
    "Clock",
    "Progress",
    "Silent",
    "Stage",
    "Terminal",
    "clock_of",
    "count_of",
    "halt",
    "peak_memory",
    "plural",
    "tick",
    "ticker",
    "ticking",
]
