"""Cohere's rules for rerank fine-tuning data: `validate` tells what breaks them."""

from miner.preflight.check import Preflight, validate
from miner.preflight.finding import Finding

__all__ = ["Finding", "Preflight", "validate"]
