# SPDX-License-Identifier: GPL-3.0-or-later
"""Two equal round holes in a wide plate, by Kolosov-Muskhelishvili potentials: the oracle of narrow gaps."""

import numpy as np


def stress_in_the_gap(gap, xx, yy, terms=300):
    """Hoop stress at the inner edge of unit holes whose centres lie on the x axis, `gap` apart.

    φ and ψ are those of the far stress (xx, yy, 0) plus multipoles a_k (z - c)⁻ᵏ, b_k (z - c)⁻ᵏ about both
    centres, real and odd under z → -z by symmetry; their coefficients make φ + z φ'* + ψ* constant on the
    edge by least squares. On the edge the hoop stress is 4 Re φ'.
    """
    centre = 1.0 + 0.5 * gap
    even = np.pi * (np.arange(3 * terms) + 0.5) / (3 * terms)
    dense = 2.0 * np.arctan(np.sqrt(gap) * np.tan(0.5 * even))  # in the gap
    angle = np.concatenate([even, dense])
    z = centre - np.exp(-1j * angle)  # the right hole from its inner point
    k = np.arange(1, terms + 1)
    sign = (-1.0) ** (k + 1)

    def multipoles(z):
        right, left = 1.0 / (z - centre)[:, None], 1.0 / (z + centre)[:, None]
        values = right**k + sign * left**k
        return values, -k * (right ** (k + 1) + sign * left ** (k + 1))

    value, slope = multipoles(z)
    weight = 1.0 / np.abs(slope).max(axis=0)  # of the columns
    of_a = (value + z[:, None] * slope.conj()) * weight
    of_b = value.conj() * weight
    far = 0.25 * (xx + yy) * (z + z) + 0.5 * (yy - xx) * z.conj()
    columns = np.concatenate([of_a, of_b, -np.ones((len(z), 1))], axis=1)
    rows = np.concatenate([columns.real, columns.imag])
    solution = np.linalg.lstsq(rows, -np.concatenate([far.real, far.imag]), rcond=1e-14)[0]
    misfit = rows @ solution + np.concatenate([far.real, far.imag])
    inner = multipoles(np.array([centre - 1.0 + 0j]))[1][0]
    return 4.0 * (0.25 * (xx + yy) + (inner.real * weight) @ solution[:terms]), np.abs(misfit).max()
