"""How likely is it that a candidate answers the query after all? A fitted model and its calibration."""

from miner.risk.features import NAMES, Geometry, features
from miner.risk.model import RiskModel, RiskScorer, logit, packaged_model, probability, read_model

__all__ = [
    "NAMES",
    "Geometry",
    "RiskModel",
    "RiskScorer",
    "features",
    "logit",
    "packaged_model",
    "probability",
    "read_model",
]
