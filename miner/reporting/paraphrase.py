"""Near-paraphrases among queries: groups around a centre that every member resembles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from miner.data import Float32, Int64

BLOCK = 1024


def clusters(vectors: Float32, threshold: float) -> list[list[int]]:
    """Groups of two and more rows of `vectors` (unit rows [n, d]), largest first, their centre first.

    Star clustering (Aslam, Pelekhov & Rus 2004): the row with most neighbours at or over the
    threshold takes all of them that are still free, and so on; so that, unlike with connected
    components, every member resembles its centre. Ties go to the earlier row.
    """
    neighbours = _neighbours(vectors, threshold)
    free = np.ones(len(vectors), bool)
    groups: list[list[int]] = []
    for centre in sorted(neighbours, key=lambda row: (-len(neighbours[row]), row)):
        members = [int(row) for row in neighbours[centre] if free[row] and row != centre]
        if free[centre] and members:
            groups.append([centre, *members])
            free[groups[-1]] = False
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _neighbours(vectors: Float32, threshold: float) -> dict[int, Int64]:
    """The rows at or over the threshold, for each row that has any besides itself."""
    found: dict[int, Int64] = {}
    for start in range(0, len(vectors), BLOCK):
        alike = vectors[start : start + BLOCK] @ vectors.T >= threshold
        for offset, row in enumerate(alike):
            if np.count_nonzero(row) > 1:
                found[start + offset] = np.flatnonzero(row)
    return found


def lexical_vectors(texts: Sequence[str]) -> Float32:
    """Unit rows of TF-IDF weights of the character 3- to 5-grams within words, hashed to 2,048 buckets."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    if not texts:
        return np.zeros((0, 1), np.float32)
    grams = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(3, 5),
        n_features=2048,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    ).transform(texts)
    rows: Float32 = TfidfTransformer().fit_transform(grams).toarray()
    return rows


def distinct(texts: Iterable[str]) -> list[str]:
    """Texts that differ in more than case and space; the first of each, in order."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(" ".join(text.casefold().split()), text)
    return list(first.values())
