# SPDX-License-Identifier: GPL-3.0-or-later
"""3 × 3 convolution by minimal filtering F(2 × 2, 3 × 3), with gradients of the same kind.

Winograd 1980, Lavin and Gray 2016: with tiles d of 4 × 4 input pixels that give 2 × 2 output pixels,

    y = Aᵀ [ (G w Gᵀ) ∘ (Bᵀ d B) ] A

takes 16 products per tile and channel pair where the sum itself takes 36. The products are 16 plain matrix
multiplications over all tiles. A CPU gains for wide layers; for few channels the transforms cost more than
they save.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

Tiles = list[list[jax.Array]]  # 4 × 4 arrays: (tile, channel) for images, (channel, channel) for kernels


@dataclass(frozen=True)
class WinogradConvolution:
    """x (n, h, w, i), w (3, 3, i, o) -> (n, h, w, o): equals `Convolution(1)` up to rounding."""

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        height, width = x.shape[1:3]
        if height % 2 or width % 2:
            x = jnp.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)))
        return _convolve(x, w)[:, :height, :width]


@jax.custom_vjp
def _convolve(x: jax.Array, w: jax.Array) -> jax.Array:
    return _multiply(_input_tiles(x), _kernel_tiles(w), x.shape)


def _forward(x: jax.Array, w: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _convolve(x, w), (x, w)


def _backward(residual: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Gradients: of the input, a convolution with the mirrored kernel; of the kernel, products over tiles."""
    x, w = residual
    mirrored = jnp.swapaxes(jnp.flip(w, (0, 1)), 2, 3)
    v, m = _input_tiles(x), _output_tiles_adjoint(g)
    products = [[v[i][j].T @ m[i][j] for j in range(4)] for i in range(4)]
    return _multiply(_input_tiles(g), _kernel_tiles(mirrored), g.shape), _kernel_adjoint(products)


_convolve.defvjp(_forward, _backward)


def _multiply(v: Tiles, u: Tiles, shape: tuple[int, ...]) -> jax.Array:
    """Sum over input channels tile by tile, then Aᵀ m A, back to an image of the given (n, h, w, ·)."""
    n, height, width = shape[:3]
    m = [[v[i][j] @ u[i][j] for j in range(4)] for i in range(4)]
    columns = [_a(*m[i]) for i in range(4)]  # [tile row][output column]
    y = [_a(*(columns[i][b] for i in range(4))) for b in (0, 1)]  # [output column][output row]
    tiles = (n, height // 2, width // 2, m[0][0].shape[-1])
    rows = [jnp.stack([y[b][a].reshape(tiles) for b in (0, 1)], axis=3) for a in (0, 1)]
    return jnp.stack(rows, axis=2).reshape(n, height, width, tiles[-1])


def _input_tiles(x: jax.Array) -> Tiles:
    """Bᵀ d B of all overlapping tiles of x, zeros outside; x is read by parity of row and column."""
    n, height, width, channels = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    pairs = padded.reshape(n, height // 2 + 1, 2, width // 2 + 1, 2, channels)
    rows = []
    for b in (0, 1):
        even, odd = pairs[:, :, 0, :, b], pairs[:, :, 1, :, b]
        rows.append(_b(even[:, :-1], odd[:, :-1], even[:, 1:], odd[:, 1:]))
    tiles = []
    for i in range(4):
        even, odd = rows[0][i], rows[1][i]
        row = _b(even[:, :, :-1], odd[:, :, :-1], even[:, :, 1:], odd[:, :, 1:])
        tiles.append([tile.reshape(-1, channels) for tile in row])
    return tiles


def _kernel_tiles(w: jax.Array) -> Tiles:
    """G w Gᵀ."""
    columns = [_g(w[0, j], w[1, j], w[2, j]) for j in range(3)]
    return [list(_g(columns[0][i], columns[1][i], columns[2][i])) for i in range(4)]


def _output_tiles_adjoint(g: jax.Array) -> Tiles:
    """A g Aᵀ: the gradient with respect to the products of each tile."""
    n, height, width, channels = g.shape
    pairs = g.reshape(n, height // 2, 2, width // 2, 2, channels)
    rows = [_a_adjoint(pairs[:, :, 0, :, b], pairs[:, :, 1, :, b]) for b in (0, 1)]
    return [[m.reshape(-1, channels) for m in _a_adjoint(rows[0][i], rows[1][i])] for i in range(4)]


def _kernel_adjoint(products: Tiles) -> jax.Array:
    """Gᵀ u G: the gradient with respect to the kernel."""
    columns = [_g_adjoint(*(products[i][j] for i in range(4))) for j in range(4)]
    return jnp.stack([jnp.stack(_g_adjoint(*(columns[j][k] for j in range(4)))) for k in range(3)])


def _b(d0: jax.Array, d1: jax.Array, d2: jax.Array, d3: jax.Array) -> tuple[jax.Array, ...]:
    return d0 - d2, d1 + d2, d2 - d1, d1 - d3


def _g(w0: jax.Array, w1: jax.Array, w2: jax.Array) -> tuple[jax.Array, ...]:
    return w0, 0.5 * (w0 + w1 + w2), 0.5 * (w0 - w1 + w2), w2


def _g_adjoint(u0: jax.Array, u1: jax.Array, u2: jax.Array, u3: jax.Array) -> tuple[jax.Array, ...]:
    total, difference = 0.5 * (u1 + u2), 0.5 * (u1 - u2)
    return u0 + total, difference, total + u3


def _a(m0: jax.Array, m1: jax.Array, m2: jax.Array, m3: jax.Array) -> tuple[jax.Array, ...]:
    return m0 + m1 + m2, m1 - m2 - m3


def _a_adjoint(y0: jax.Array, y1: jax.Array) -> tuple[jax.Array, ...]:
    return y0, y0 + y1, y0 - y1, -y1
