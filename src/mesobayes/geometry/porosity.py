# SPDX-License-Identifier: GPL-3.0-or-later
"""Random pores on a voxel grid: a thresholded Gaussian field from a truncated Karhunen-Loève expansion.

The correlation exp(-(r/ℓ)²) is a product over the axes, so the expansion in three dimensions is made of the
eigenpairs of three small matrices: modes are products of eigenvectors, energies products of eigenvalues.
Bridgman et al. 2022, section 2.2. Lengths in voxels, arrays (x, y, z), True in a void.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtri  # scipy.stats would load for a second in every job

from mesobayes.geometry.settings import PorositySettings
from mesobayes.record.settings import settings

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@settings
class PorosityField(PorositySettings):
    """Gaussian field on a voxel grid whose upper tail becomes the pores."""

    @cached_property
    def axes(self) -> tuple[tuple[FloatArray, FloatArray], ...]:
        """Eigenvalues (n,) and eigenvectors (n, n) of the correlation matrix along x, y, z."""
        return tuple(_eigenpairs(n, self.correlation_length) for n in self.shape)

    @cached_property
    def energies(self) -> FloatArray:
        """Energy (nx, ny, nz) of every product mode."""
        (x, _), (y, _), (z, _) = self.axes
        return x[:, None, None] * y[None, :, None] * z[None, None, :]

    @cached_property
    def kept(self) -> BoolArray:
        """The fewest modes (nx, ny, nz) that hold the asked share of the energy."""
        flat = self.energies.ravel()
        order = np.argsort(flat)[::-1]
        count = int(np.searchsorted(np.cumsum(flat[order]), self.energy * flat.sum())) + 1
        kept = np.zeros(flat.size, dtype=bool)
        kept[order[:count]] = True
        return kept.reshape(self.shape)

    @property
    def n_modes(self) -> int:
        return int(self.kept.sum())

    @property
    def threshold(self) -> float:
        """Value of the standard Gaussian above which a voxel is void."""
        return float(-ndtri(self.porosity))

    @cached_property
    def deviation(self) -> FloatArray:
        """Standard deviation (nx, ny, nz) of the truncated expansion; close to √energy everywhere."""
        (_, x), (_, y), (_, z) = self.axes
        variance = np.where(self.kept, self.energies, 0.0)
        return np.sqrt(np.einsum("ia,jb,kc,abc->ijk", x**2, y**2, z**2, variance, optimize=True))

    def covariance(self, first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
        """Covariance of the sampled field between two voxels."""
        modes = [vectors[i] * vectors[j] for (_, vectors), i, j in zip(self.axes, first, second, strict=True)]
        energies = np.where(self.kept, self.energies, 0.0)
        value = np.einsum("a,b,c,abc->", *modes, energies, optimize=True)
        return float(value / (self.deviation[first] * self.deviation[second]))

    def sample_field(self, rng: np.random.Generator) -> FloatArray:
        """Gaussian field (nx, ny, nz) of mean 0 and, after division by its deviation, variance 1."""
        coefficients = rng.standard_normal(self.shape) * np.sqrt(np.where(self.kept, self.energies, 0.0))
        (_, x), (_, y), (_, z) = self.axes
        return np.einsum("ia,jb,kc,abc->ijk", x, y, z, coefficients, optimize=True) / self.deviation

    def sample(self, rng: np.random.Generator) -> BoolArray:
        """Pores (nx, ny, nz): the field above its threshold. A specimen may be without any pore."""
        return self.sample_field(rng) > self.threshold


def _eigenpairs(n: int, length: float) -> tuple[FloatArray, FloatArray]:
    distance = np.subtract.outer(np.arange(n), np.arange(n))
    values, vectors = np.linalg.eigh(np.exp(-((distance / length) ** 2)))
    return np.maximum(values, 0.0), vectors


@dataclass(frozen=True)
class PoreStatistics:
    """Pores of one specimen: number of connected pores (faces touch), their sizes in voxels, void share."""

    count: int
    sizes: NDArray[np.int64]
    porosity: float


def pore_statistics(pores: BoolArray) -> PoreStatistics:
    """Count the connected pores and their voxels."""
    labels, count = ndimage.label(pores)
    return PoreStatistics(int(count), np.bincount(labels.ravel())[1:], float(np.mean(pores)))


def pore_edges(pores: BoolArray) -> BoolArray:
    """Void voxels with solid across at least one face; outside the specimen there is no solid."""
    return pores & ndimage.binary_dilation(~pores)


def swap_one_voxel(
    pores: BoolArray, near: tuple[int, ...], distance: float, rng: np.random.Generator
) -> BoolArray:
    """Fill one void voxel at the edge of a pore near a place and open a solid voxel anywhere instead.

    The void voxel is drawn from those at most `distance` voxels from `near`; if there is none, the nearest is
    taken. Porosity stays as it was (Bridgman et al. 2022, section 2.5).

    Raises:
        ValueError: the specimen has no pore.
    """
    edge = np.argwhere(pore_edges(pores))
    if len(edge) == 0:
        raise ValueError("a specimen without pores cannot be perturbed: choose another one")
    away = np.linalg.norm(edge - np.asarray(near), axis=1)
    close = edge[away <= max(distance, away.min())]
    solid = np.argwhere(~pores)
    changed = pores.copy()
    changed[tuple(close[rng.integers(len(close))])] = False
    changed[tuple(solid[rng.integers(len(solid))])] = True
    return changed
