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
    """Drops every passage of a document that a relevant passage comes from. Those that share text with it are
    dropped by a guard, whatever the filters.
    """

    name: ClassVar[str] = "sibling"
    reason: ClassVar[str] = "from the document of a relevant passage"

    def keep(self, pool: Pool) -> Bool:
        return np.less(pool.sibling, Sibling.SAME_DOCUMENT)
