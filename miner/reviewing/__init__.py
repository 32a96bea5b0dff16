"""People decide on negatives in a page that runs on their own machine."""

from miner.reviewing.queue import ReviewQueue
from miner.reviewing.review import review
from miner.reviewing.server import ReviewServer

__all__ = ["ReviewQueue", "ReviewServer", "review"]
