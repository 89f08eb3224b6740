# SPDX-License-Identifier: GPL-3.0-or-later
"""Every convolution for a CPU equals the plain one: values and both gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.nets.build import build_network
from mesobayes.nets.cpu.block_convolution import BlockConvolution
from mesobayes.nets.cpu.transposed_convolution import PhasedTransposedConvolution
from mesobayes.nets.cpu.winograd import WinogradConvolution
from mesobayes.nets.operators import Convolution, TransposedConvolution, Upsampling
from mesobayes.nets.resampling import depth_to_space, max_pool, max_pool_by_reduction, space_to_depth
from mesobayes.nets.settings import StressNetworkSettings

CASES = [
    (Convolution(), WinogradConvolution(), (2, 8, 6, 5), (3, 3, 5, 4)),
    (Convolution(), WinogradConvolution(), (2, 9, 7, 3), (3, 3, 3, 5)),  # odd sizes
    (Convolution(), BlockConvolution(2), (2, 12, 8, 3), (9, 9, 3, 1)),
    (Convolution(), BlockConvolution(4), (1, 12, 8, 3), (9, 9, 3, 2)),
    (TransposedConvolution(), PhasedTransposedConvolution(), (2, 5, 6, 3), (3, 3, 3, 4)),
]


@pytest.mark.parametrize(("plain", "faster", "image", "kernel"), CASES)
def test_every_form_for_a_cpu_equals_the_plain_convolution(plain, faster, image, kernel):
    x, w = jax.random.normal(jax.random.key(0), image), jax.random.normal(jax.random.key(1), kernel)
    expected, pull_plain = jax.vjp(plain, x, w)
    found, pull_faster = jax.vjp(faster, x, w)
    cotangent = jax.random.normal(jax.random.key(2), expected.shape)
    pairs = [(found, expected), *zip(pull_faster(cotangent), pull_plain(cotangent), strict=True)]
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5 * float(jnp.abs(b).max()))


@pytest.mark.parametrize("operator", [c for _, c, _, _ in CASES] + [Upsampling(2)])
def test_operators_are_linear_in_each_argument(operator):
    shapes = {c: (i, k) for _, c, i, k in CASES}
    image, kernel = shapes.get(operator, ((2, 3, 4, 5), (5, 8)))
    keys = jax.random.split(jax.random.key(0), 4)
    x, y = jax.random.normal(keys[0], image), jax.random.normal(keys[1], image)
    v, w = jax.random.normal(keys[2], kernel), jax.random.normal(keys[3], kernel)
    tolerance = {"rtol": 1e-3, "atol": 1e-3}
    np.testing.assert_allclose(operator(2 * x - y, w), 2 * operator(x, w) - operator(y, w), **tolerance)
    np.testing.assert_allclose(operator(x, 2 * v - w), 2 * operator(x, v) - operator(x, w), **tolerance)


def test_upsampling_is_the_transposed_convolution_without_overlap():
    x, w = (
        jax.random.normal(jax.random.key(0), (2, 3, 4, 5)),
        jax.random.normal(jax.random.key(1), (2, 2, 5, 3)),
    )
    expected = jax.lax.conv_transpose(x, w, (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    w = w[::-1, ::-1]  # JAX turns the kernel of a transposed convolution
    found = Upsampling(2)(x, w.transpose(2, 0, 1, 3).reshape(5, 12))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_depth_to_space_inverts_space_to_depth():
    x = jax.random.normal(jax.random.key(0), (2, 6, 4, 3))
    np.testing.assert_array_equal(depth_to_space(space_to_depth(x, 2), 2), x)


@pytest.mark.parametrize("pool", [max_pool, max_pool_by_reduction])
@pytest.mark.parametrize("shape", [(2, 6, 4, 3), (2, 7, 5, 3), (2, 4, 6, 8, 2)])
def test_max_pool_equals_the_window_maximum_in_value_and_gradient(pool, shape):
    x, window = jax.random.normal(jax.random.key(0), shape), (1, *[2] * (len(shape) - 2), 1)

    def expected(x):
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")

    np.testing.assert_array_equal(pool(x), expected(x))
    gradients = [jax.grad(lambda x, form=form: jnp.sum(form(x) ** 2))(x) for form in (pool, expected)]
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-6)


def test_networks_with_plain_convolutions_and_those_for_a_cpu_agree():
    x = jax.random.normal(jax.random.key(0), (2, 24, 24, 5))
    options = {"width": 0.5, "blocks": 1, "strides": (1, 2, 2)}
    networks = [
        build_network(StressNetworkSettings("printed", 8, convolution=kind, **options), 0)
        for kind in ("plain", "cpu")
    ]
    plain, faster = (network(x) for network in networks)
    assert any(isinstance(u.linear.operator, WinogradConvolution) for u in [networks[1].blocks[0].first])
    np.testing.assert_allclose(faster, plain, rtol=1e-3, atol=1e-4)
