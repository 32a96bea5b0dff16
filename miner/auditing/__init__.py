"""What share of mined negatives is wrong: sampled, judged, estimated, and what to do about it."""

from miner.auditing.population import Population, read_population
from miner.auditing.result import Audit
from miner.auditing.sample import draw, stratify
from miner.auditing.suggest import merge, write_suggestions

__all__ = ["Audit", "Population", "draw", "merge", "read_population", "stratify", "write_suggestions"]
