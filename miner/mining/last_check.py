"""The last word before rows are written: no negative matches its query or a relevant passage, by the rules of mining,
which are applied to the row anew. Of mining nothing is believed; what this check itself found of the very same texts
is, which are their own key.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from miner.data import Passage, Row
from miner.errors import MinerError
from miner.index.memo import Memo, MemoKind
from miner.text.documents import document, share_text
from miner.text.match import Match, MatchRequest, match_all
from miner.text.near_copies import NearCopies

CHECKED = MemoKind("checked", 2, least=1)


def check_texts(rows: Sequence[Row], near: NearCopies, memo: Memo) -> None:
    """Raises MinerError for a negative that is the same as something it must not be, or a near copy."""
    asked = [MatchRequest(row.query, row.hard_negatives, row.relevant_passages) for row in rows]
    texts = [part for each in asked for part in ([each.query], each.candidates, each.relevant)]
    count = sum(len(each.candidates) for each in asked)
    (codes,) = memo.arrays(
        CHECKED,
        [repr(near.copies), *texts],
        [(np.dtype(np.uint8), (count,))],
        lambda: [np.concatenate(list(match_all(asked, near)))],
    )
    if codes.any():
        row, text = [(row, text) for row in rows for text in row.hard_negatives][int(np.argmax(codes > 0))]
        raise _matching(row, Match(codes[codes > 0][0]).name.lower(), text)


def check_documents(row: Row, mined: Sequence[Passage], relevant: Sequence[Passage], shapes: str) -> None:
    """Raises MinerError for a mined passage that shares text with a relevant one of its document; `shapes` are the
    marks in ids that part a document from the number of its part."""
    homes = {document(passage, shapes) for passage in relevant}
    for passage in mined:
        home = document(passage, shapes)
        if home in homes and any(
            document(known, shapes) == home and share_text(passage, known) for known in relevant
        ):
            raise _matching(row, "overlapping", passage.text)


def _matching(row: Row, kind: str, text: str) -> MinerError:
    return MinerError(f"a negative of query {row.query!r} is {kind}: {text[:80]!r}")
