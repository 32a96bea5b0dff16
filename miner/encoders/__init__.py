"""Encoders: text in, unit float32 rows out."""

from miner.encoders.base import Encoder
from miner.encoders.hashing import HashingEncoder

__all__ = ["Encoder", "HashingEncoder"]
