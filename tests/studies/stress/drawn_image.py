# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of pores as a user would have them, and the closed form for a single one."""

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.geometry import Ellipse
from mesobayes.nets.build import build_network
from mesobayes.nets.local import LocalNetwork
from mesobayes.nets.settings import LocalNetworkSettings

PIXELS = 2  # in R, of the networks


def voids(shape: tuple[int, int], *pores: tuple[float, ...]) -> NDArray[np.bool_]:
    """Image (y, x) of ellipses (x, y, a[, b, degrees]), in pixels from the lower left corner."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    image = np.zeros(shape, bool)
    for cx, cy, a, *rest in pores:
        b, angle = (*rest, a, 0.0)[:2] if len(rest) != 1 else (rest[0], 0.0)
        image |= Ellipse(cx, cy, a, b, angle).contains(x, y)
    return image


def lattice(radius: float, aspect: float = 1.0, apart: float = 4.0, count: int = 7) -> NDArray[np.bool_]:
    """Square image of count² equal pores, `apart` radii from centre to centre."""
    step = apart * radius
    centres = (np.arange(count) + 0.5) * step
    a, b = radius * np.sqrt(aspect), radius / np.sqrt(aspect)
    edge = round(count * step)
    return voids((edge, edge), *((x, y, a, b, 30.0) for x in centres for y in centres))


def mechanics_alone() -> LocalNetwork:
    """A network that predicts exactly what mechanics gives it."""
    settings = LocalNetworkSettings(
        "local", 8 * PIXELS, width=4, mechanics="pores", estimator="none", heads=True
    )
    network = build_network(settings, 0)
    assert isinstance(network, LocalNetwork)
    weights = network.head.kernel.mu
    weights[...] = jnp.zeros_like(weights[...])
    return network


def kirsch_tresca(x: NDArray, y: NDArray, strain: tuple[float, float, float]) -> NDArray:
    """Tresca stress around a hole of radius 1 at the origin under strains exx, eyy (Kirsch 1898), E = 1."""
    sx, sy, shear = UNIT_PLANE_STRAIN.stress(strain)
    assert shear == 0
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    mean, half = 0.5 * (sx + sy), 0.5 * (sx - sy)
    radial = mean * (1 - r**-2) + half * (1 - 4 * r**-2 + 3 * r**-4) * np.cos(2 * angle)
    hoop = mean * (1 + r**-2) - half * (1 + 3 * r**-4) * np.cos(2 * angle)
    across = -half * (1 + 2 * r**-2 - 3 * r**-4) * np.sin(2 * angle)
    return np.hypot(0.5 * (radial - hoop), across)
