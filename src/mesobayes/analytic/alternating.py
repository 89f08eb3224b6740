# SPDX-License-Identifier: GPL-3.0-or-later
"""What pores add to a macroscopic stress field: Schwarz' alternating method with multipoles.

Three solutions of one problem, each linear in the macroscopic stress and without elastic constants:

superposition: every pore answers the macroscopic field alone;
pores: every pore answers the macroscopic field and all other pores, in sweeps;
edges: sources behind the edges of the large holes answer the pores as well, and the pores answer them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mesobayes.analytic.edge_sources import EdgeSources
from mesobayes.analytic.macro_field import fitted_stress
from mesobayes.analytic.multipoles import Multipoles, PoreEdges, PoreField
from mesobayes.analytic.potentials import Stress
from mesobayes.geometry.pores import ComplexArray, Edge, FloatArray, Pores

PRIORS = ("superposition", "pores", "edges")


@dataclass(frozen=True)
class Expansion:
    """Multipoles of a pore, points on its edge, sweeps between pores, and sweeps with edges."""

    order: int = 8
    points: int = 24
    sweeps: int = 4
    edge_sweeps: int = 3


DEFAULT = Expansion()
_SEEN = 0.7  # of the mean radius: how far outside a window the centre of a pore may lie


@dataclass(frozen=True)
class Surroundings:
    """Macroscopic stress (load, component, y, x), its large holes (y, x), pores and edges, in pixels."""

    macro_stress: NDArray
    large: NDArray
    pores: Pores
    edge: Edge
    radius: float

    def window(self, row: int, column: int, height: int, width: int) -> Surroundings:
        """What a window of the image shows: edge points in it, and pores of which enough is seen.

        That is a centre in the window, or outside by less than 0.7 of the mean radius: a round pore can be
        completed from the part in view, as `mesobayes.images.holes` does with a window alone.
        """
        rows, columns = slice(row, row + height), slice(column, column + width)
        corner = column + 1j * row

        def inside(points: ComplexArray, reach: FloatArray | float = 0.0) -> NDArray[np.bool_]:
            x, y = (points - corner).real + 0.5, (points - corner).imag + 0.5
            return (x >= -reach) & (x < width + reach) & (y >= -reach) & (y < height + reach)

        seen = inside(self.pores.centre, _SEEN * self.pores.mean_radius)
        return Surroundings(
            self.macro_stress[:, :, rows, columns],
            self.large[rows, columns],
            self.pores.take(seen).moved(-corner),
            self.edge.take(inside(self.edge.point)).moved(-corner),
            self.radius,
        )


def pore_stress(
    around: Surroundings,
    points: ComplexArray,
    prior: str = "edges",
    expansion: Expansion = DEFAULT,
) -> FloatArray:
    """Stress (load, component, point) that the pores add at points in pixels, by one of `PRIORS`.

    Points inside a hole get finite numbers without a meaning.
    """
    return pore_stresses(around, points, (prior,), expansion)[prior]


def pore_stresses(
    around: Surroundings,
    points: ComplexArray,
    priors: tuple[str, ...] = PRIORS,
    expansion: Expansion = DEFAULT,
) -> dict[str, FloatArray]:
    """Return what `pore_stress` does for several priors, which share most of the work."""
    loads = around.macro_stress.shape[0]
    if len(around.pores) == 0 or len(points) == 0:
        return {prior: np.zeros((loads, 3, len(points))) for prior in priors}
    edges = PoreEdges(around.pores, expansion.order, expansion.points)
    macro = fitted_stress(around.macro_stress, around.large, around.pores, edges.points, around.radius)
    return solve(around.pores, around.edge, around.radius, edges, macro, points, priors, expansion)


def solve(
    pores: Pores,
    edge: Edge,
    radius: float,
    edges: PoreEdges,
    macro: Stress,
    points: ComplexArray,
    priors: tuple[str, ...],
    expansion: Expansion,
) -> dict[str, FloatArray]:
    """Stress (load, component, point) of the priors, from the field `macro` (pore, point, load) at edges."""
    shape = macro.sum.shape
    found: dict[str, FloatArray] = {}
    at_points = PoreField(pores, points, expansion.order)
    multipoles = edges.response(macro)
    if "superposition" in priors:
        found["superposition"] = _components(at_points(multipoles))
    if set(priors) == {"superposition"}:
        return found
    own = np.repeat(np.arange(len(pores)), shape[1])
    between = PoreField(pores, edges.points.ravel(), expansion.order, own)

    def answer(multipoles: Multipoles, further: Stress | None) -> Multipoles:
        seen = between(multipoles)
        if further is not None:
            seen = seen + further
        return edges.response(macro + Stress(seen.sum.reshape(shape), seen.difference.reshape(shape)))

    for _ in range(expansion.sweeps):
        multipoles = answer(multipoles, None)
    if "pores" in priors:
        found["pores"] = _components(at_points(multipoles))
    if "edges" not in priors:
        return found
    if len(edge) == 0:
        return found | {"edges": _components(at_points(multipoles))}
    sources = EdgeSources(edge, radius)
    on_edge = PoreField(pores, sources.edge.point, expansion.order)
    from_edge = sources.field(edges.points.ravel())
    normal = sources.edge.normal[:, None]
    for _ in range(expansion.edge_sweeps):
        coefficients = sources.coefficients(on_edge(multipoles).traction(normal))
        multipoles = answer(multipoles, from_edge(coefficients))
    coefficients = sources.coefficients(on_edge(multipoles).traction(normal))
    field = at_points(multipoles) + sources.field(points)(coefficients)
    return found | {"edges": _components(field)}


def _components(stress: Stress) -> FloatArray:
    """(point, load) -> (load, component, point)."""
    return stress.components().transpose(2, 0, 1)
