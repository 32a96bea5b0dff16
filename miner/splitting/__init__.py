"""Split rows into a training and an evaluation set that share no query, paraphrase or relevant passage."""

from miner.splitting.files import Split, split_file
from miner.splitting.plan import SplitPlan, split_rows

__all__ = ["Split", "SplitPlan", "split_file", "split_rows"]
