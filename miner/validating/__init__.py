"""Cohere's rules for rerank fine-tuning data: `validate` tells what breaks them."""

from miner.validating.check import Preflight, validate
from miner.validating.finding import Finding

__all__ = ["Finding", "Preflight", "validate"]
