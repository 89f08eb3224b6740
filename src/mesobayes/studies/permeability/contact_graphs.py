# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells as graphs of their inclusions, from the image alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesobayes.analytic.dipoles import dipole_permeability
from mesobayes.geometry.neighbours import Pairs, neighbours
from mesobayes.images.balls import Balls
from mesobayes.images.contacts import contact_counts
from mesobayes.nets.contacts import FEATURES, ContactGraphs

_BLURRED = -0.5  # pixels by which two separate balls may seem to overlap


class CellGraph(NamedTuple):
    """One cell: `ContactGraphs` without what fills up."""

    ends: NDArray[np.int64]
    vector: NDArray[np.float64]
    features: NDArray[np.float64]
    size: NDArray[np.float64]
    fraction: float
    log_dipoles: NDArray[np.float64]
    volume: float


def cell_graph(
    image: NDArray[np.bool_], balls: Balls, radius: float, gap_max: float, matrix: float, inclusion: float
) -> CellGraph:
    """Return pairs, their features and the dipoles of the balls of an image.

    Args:
        radius: of the family, which sizes are compared with.
        gap_max: pixels between the surfaces of a pair, less in a cell that is too small for it.
        matrix, inclusion: permeabilities of the phases.
    """
    edges = np.array(image.shape[::-1], float)
    room = edges.min() - 2 * balls.radii.max(initial=0.0)  # a ball is not its own neighbour
    pairs = neighbours(balls.centres, balls.radii, edges, min(gap_max, room))
    counts = contact_counts(balls, pairs)
    fraction = float(image.mean())
    return CellGraph(
        np.stack([pairs.first, pairs.second], axis=1),
        pairs.vector,
        pair_features(pairs, counts, balls.radii / radius, fraction),
        balls.radii / radius,
        fraction,
        dipoles_of(image, balls, matrix, inclusion),
        float(image.size),
    )


def dipoles_of(
    image: NDArray[np.bool_], balls: Balls, matrix: float, inclusion: float
) -> NDArray[np.float64]:
    """Logarithm of the diagonal (d,) that periodic dipoles in the place of the balls give."""
    edges = np.array(image.shape[::-1], float)
    tensor = dipole_permeability(balls.centres, balls.radii, edges, inclusion / matrix)
    return np.log(matrix * np.diagonal(tensor))


def empty_graph(image: NDArray[np.bool_]) -> CellGraph:
    """The graph of a cell whose inclusions cannot be told apart."""
    d = image.ndim
    ends, vector, features = np.zeros((0, 2), np.int64), np.zeros((0, d)), np.zeros((0, FEATURES))
    return CellGraph(ends, vector, features, np.zeros(0), float(image.mean()), np.zeros(d), float(image.size))


def pair_features(pairs: Pairs, counts: NDArray, size: NDArray, fraction: float) -> NDArray[np.float64]:
    """What a conductance sees of a pair, (p, 12), lengths in pixels.

    Gap δ as δ/2 - 1 and exp(-2δ), ln(1 + n) of the touching pairs of pixels that share a face, an edge, a
    corner, and of all of them, logarithm of the harmonic mean of the two sizes; then the surroundings: volume
    fraction, Σ of the fourth powers of the direction (1 along an axis), exp(-δ/2), and over all other pairs
    of both inclusions the sums of exp(-δ) and exp(-δ/4).
    """
    gap, touching = np.maximum(pairs.gap, _BLURRED), np.zeros((len(pairs.gap), 3))
    touching[:, : counts.shape[1]] = counts
    ends = (pairs.first, pairs.second)
    pair_size = 2.0 / (1.0 / size[ends[0]] + 1.0 / size[ends[1]])
    unit = pairs.vector / np.linalg.norm(pairs.vector, axis=1, keepdims=True)
    others = []
    for decay in (1.0, 0.25):
        term = np.exp(-decay * gap)
        at = np.bincount(ends[0], term, len(size)) + np.bincount(ends[1], term, len(size))
        others.append(at[ends[0]] + at[ends[1]] - 2 * term)
    columns = [
        gap / 2 - 1,
        np.exp(-2 * gap),
        *np.log1p(touching).T,
        np.log1p(touching.sum(axis=1)),
        np.log(pair_size),
    ]
    columns += [np.full(len(gap), fraction - 0.2), np.sum(unit**4, axis=1), np.exp(-gap / 2), *others]
    return np.stack(columns, axis=1)


def stacked(graphs: list[CellGraph]) -> ContactGraphs:
    """Fill the graphs up to one size."""
    pairs = max(1, max(len(graph.ends) for graph in graphs))
    inclusions = max(1, max(len(graph.size) for graph in graphs))

    def filled(values: list[NDArray], length: int, kind: type) -> NDArray:
        full = np.zeros((len(values), length, *values[0].shape[1:]), kind)
        for row, value in zip(full, values, strict=True):
            row[: len(value)] = value
        return full

    return ContactGraphs(
        filled([graph.ends for graph in graphs], pairs, np.int32),
        filled([graph.vector for graph in graphs], pairs, np.float32),
        filled([graph.features for graph in graphs], pairs, np.float32),
        filled([np.ones(len(graph.ends)) for graph in graphs], pairs, np.float32),
        filled([graph.size for graph in graphs], inclusions, np.float32),
        np.array([graph.fraction for graph in graphs], np.float32),
        np.array([graph.log_dipoles for graph in graphs], np.float32),
        np.array([graph.volume for graph in graphs], np.float32),
    )
