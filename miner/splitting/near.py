"""Pairs of near-paraphrases: cosine at or over a threshold, exact and in bounded memory."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from miner.data import Float32, Half, Int64

ROWS, COLUMNS = 512, 8192
SLACK = 1e-4
"""Over the error of a float32 dot product of unit vectors; pairs this close to the threshold are redone."""
MOST_EDGES = 2_000_000


def linked(vectors: Float32, threshold: float) -> Int64:
    """Edges [m, 2] that connect exactly the rows of `vectors` (unit, [n, d]) that near pairs connect.

    Similarities are taken of the vectors rounded to half precision, whose products float64 sums
    without error worth a thought, so that blocking never decides.
    """
    rounded = vectors.astype(np.float16)
    single = rounded.astype(np.float32)
    edges = [np.empty((0, 2), np.int64)]
    for top in range(0, len(single), ROWS):
        for left in range(top, len(single), COLUMNS):
            edges.append(_block(rounded, single, (top, left), threshold))
        if sum(map(len, edges)) > MOST_EDGES:
            edges = [spanning(np.concatenate(edges), len(single))]
    return spanning(np.concatenate(edges), len(single))


def _block(rounded: Half, single: Float32, corner: tuple[int, int], threshold: float) -> Int64:
    """The near pairs [m, 2], earlier row first, of one block of the matrix of similarities."""
    top, left = corner
    similarity = single[top : top + ROWS] @ single[left : left + COLUMNS].T
    rows, columns = np.nonzero(similarity >= threshold - SLACK)
    pairs = np.stack([rows + top, columns + left], axis=1).astype(np.int64)
    near = similarity[rows, columns] >= threshold + SLACK
    doubtful = np.flatnonzero(~near)
    for start in range(0, len(doubtful), COLUMNS):
        some = doubtful[start : start + COLUMNS]
        one, other = (rounded[pairs[some, side]].astype(np.float64) for side in (0, 1))
        near[some] = np.einsum("id,id->i", one, other) >= threshold
    return pairs[near & (pairs[:, 0] < pairs[:, 1])]


def groups(edges: Int64, nodes: int) -> Int64:
    """The connected component of each node, int64 [nodes]."""
    ones = np.ones(len(edges), np.int8)
    graph = coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(nodes, nodes))
    labels: Int64 = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def spanning(edges: Int64, nodes: int) -> Int64:
    """At most one edge a node with the same connected components: each to the first of its component."""
    labels = groups(edges, nodes)
    _, first = np.unique(labels, return_index=True)
    heads = first[labels]
    tails = np.flatnonzero(heads != np.arange(nodes))
    return np.stack([heads[tails], tails], axis=1).astype(np.int64)
