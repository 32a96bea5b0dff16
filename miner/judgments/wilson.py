"""The score interval of a share."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""Of a 95 % interval."""


def wilson(share: float, count: float) -> tuple[float, float]:
    """The 95 % score interval of a share seen among `count` independent things (Wilson 1927)."""
    middle = (share + Z * Z / (2 * count)) / (1 + Z * Z / count)
    half = Z / (1 + Z * Z / count) * math.sqrt(share * (1 - share) / count + (Z / count) ** 2 / 4)
    return max(middle - half, 0.0), min(middle + half, 1.0)
