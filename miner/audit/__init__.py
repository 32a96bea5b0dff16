"""What share of mined negatives is wrong: sampled, judged, estimated, and what to do about it."""

from miner.audit.population import Population, read_population
from miner.audit.result import Audit
from miner.audit.sample import draw, stratify
from miner.audit.suggest import merge, write_suggestions

__all__ = ["Audit", "Population", "draw", "merge", "read_population", "stratify", "write_suggestions"]
