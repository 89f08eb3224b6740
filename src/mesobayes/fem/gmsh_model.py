# SPDX-License-Identifier: GPL-3.0-or-later
"""What the meshes share: a gmsh session with our options, its triangles, sizes that grow from curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import gmsh
import numpy as np
from numpy.typing import NDArray

_FRONTAL_DELAUNAY = 6
_GMSH_OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Mesh.Algorithm": _FRONTAL_DELAUNAY,
    "Mesh.MeshSizeExtendFromBoundary": 0,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeFromCurvature": 0,
}


@contextmanager
def gmsh_model() -> Iterator[None]:
    """A fresh gmsh model with our options; gmsh is left as it was found."""
    owner = not gmsh.isInitialized()
    if owner:
        gmsh.initialize(readConfigFiles=False, interruptible=False)
    before = {name: gmsh.option.getNumber(name) for name in _GMSH_OPTIONS}
    try:
        for name, value in _GMSH_OPTIONS.items():
            gmsh.option.setNumber(name, value)
        gmsh.model.add("mesobayes")
        yield
    finally:
        if owner:
            gmsh.finalize()
        else:
            gmsh.model.remove()
            for name, value in before.items():
                gmsh.option.setNumber(name, value)


def set_sizes(
    curves: Mapping[float, list[int]],
    far_size: float,
    growth: float,
    points: Mapping[float, list[int]] | None = None,
) -> None:
    """Edge length h on curves and at points, growing linearly with the distance up to `far_size`."""
    field = gmsh.model.mesh.field
    limits = []
    for kind, length, tags in [
        *(("CurvesList", length, tags) for length, tags in curves.items()),
        *(("PointsList", length, tags) for length, tags in (points or {}).items()),
    ]:
        distance = field.add("Distance")
        field.setNumbers(distance, kind, tags)
        if kind == "CurvesList":
            field.setNumber(distance, "Sampling", 20)
        limits.append(field.add("Threshold"))
        field.setNumber(limits[-1], "InField", distance)
        field.setNumber(limits[-1], "SizeMin", length)
        field.setNumber(limits[-1], "SizeMax", far_size)
        field.setNumber(limits[-1], "DistMin", 0.0)
        field.setNumber(limits[-1], "DistMax", max(far_size - length, 1e-9) / growth)
    if not limits:
        limits.append(field.add("MathEval"))
        field.setString(limits[-1], "F", f"{far_size:.17g}")
    smallest = field.add("Min")
    field.setNumbers(smallest, "FieldsList", limits)
    field.setAsBackgroundMesh(smallest)


def generate_triangles() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mesh the current model: points (node, 2) and counter-clockwise triangles (cell, 3)."""
    mesh = gmsh.model.mesh
    mesh.generate(2)
    tags, coordinates, _ = mesh.getNodes()
    _, connectivity = mesh.getElementsByType(2)
    triangles = np.searchsorted(np.sort(tags), connectivity).reshape(-1, 3)
    points = coordinates.reshape(-1, 3)[np.argsort(tags), :2]
    used, compact = np.unique(triangles, return_inverse=True)  # arc centres are nodes without triangles
    points, triangles = points[used], compact.reshape(-1, 3)
    sides = points[triangles[:, 1:]] - points[triangles[:, :1]]  # (cell, 2, 2)
    clockwise = np.linalg.det(sides) < 0.0
    return points, np.where(clockwise[:, None], triangles[:, ::-1], triangles)
