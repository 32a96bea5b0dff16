"""Siblings: other chunks of a document that holds a relevant passage often answer too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from miner.data import Bool, Pool
from miner.spec import Spec
from miner.text.documents import Sibling


@dataclass(frozen=True, repr=False)
class SameDocument(Spec):
    """Drops every passage of a document that a relevant passage comes from, or with `overlapping` only
    those that share text with that relevant passage.
    """

    name: ClassVar[str] = "sibling"
    reason: ClassVar[str] = "from the document of a relevant passage"
    overlapping: bool = False

    def keep(self, pool: Pool) -> Bool:
        return np.less(pool.sibling, Sibling.OVERLAPPING if self.overlapping else Sibling.SAME_DOCUMENT)
