# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a porous bar hangs together from one end to the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label


def why_cut_through(pores: NDArray[np.bool_]) -> str:
    """Say why no solid path leads along z from end to end of pores (x, y, z); nothing where one does.

    Voxels that share a node hold together.

    >>> pores = np.zeros((3, 3, 5), bool)
    >>> pores[:, :, 2] = True
    >>> why_cut_through(pores)
    'is cut through (its layer z = 2 is void): no solid path leads from one end to the other'
    >>> pores[0, 0, 2] = False
    >>> why_cut_through(pores)
    ''
    """
    parts, _ = label(~pores, np.ones((3, 3, 3)))
    if np.setdiff1d(np.intersect1d(parts[..., 0], parts[..., -1]), 0).size:
        return ""
    empty = np.flatnonzero(pores.all(axis=(0, 1)))
    layer = f" (its layer z = {empty[0]} is void)" if empty.size else ""
    return f"is cut through{layer}: no solid path leads from one end to the other"
