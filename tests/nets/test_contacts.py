# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of conductances against circuits computed by hand, and its symmetries."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.nets.build import build_network
from mesobayes.nets.contacts import FEATURES, ContactGraphs, network_energies
from mesobayes.nets.settings import ContactNetworkSettings


def energies(ends, vector, conductance, spring):
    return np.asarray(
        network_energies(
            jnp.asarray([ends]),
            jnp.asarray([vector], jnp.float32),
            jnp.asarray([conductance], jnp.float32),
            jnp.asarray([spring], jnp.float32),
        )
    )[0]


def test_two_inclusions_on_springs_conduct_in_series():
    """1 / (1/g + 1/c + 1/c) times d²."""
    found = energies([[0, 1]], [[3.0, 0.0]], [4.0], [6.0, 6.0])
    np.testing.assert_allclose(found, [9.0 / (1 / 4 + 2 / 6), 0.0], rtol=1e-5, atol=1e-6)


def test_two_bonds_between_the_same_inclusions_conduct_in_parallel():
    one = energies([[0, 1]], [[2.0, 1.0]], [7.0], [3.0, 5.0])
    two = energies([[0, 1], [0, 1]], [[2.0, 1.0]] * 2, [3.0, 4.0], [3.0, 5.0])
    np.testing.assert_allclose(two, one, rtol=1e-5)


def test_a_ring_around_the_cell_conducts_in_series():
    """Without springs the current is the same in all bonds: (Σ d)² / Σ 1/g."""
    ends, lengths, g = [[0, 1], [1, 2], [0, 2]], [3.0, 4.0, -5.0], [2.0, 1.0, 4.0]
    found = energies(ends, [[length, 0.0] for length in lengths], g, [1e-4] * 3)
    np.testing.assert_allclose(found[0], 12.0**2 / (1 / 2 + 1 + 1 / 4), rtol=1e-3)


def test_an_infinite_bond_holds_what_the_springs_give():
    found = energies([[0, 1]], [[1.0, 0.0]], [1e6], [2.0, 3.0])
    np.testing.assert_allclose(found[0], 1 / (1 / 2 + 1 / 3), rtol=1e-3)


def graphs(pairs=5, inclusions=4, dimension=2, seed=0):
    rng = np.random.default_rng(seed)
    ends = np.sort([rng.choice(inclusions, 2, replace=False) for _ in range(2 * pairs)], axis=1)
    return ContactGraphs(
        ends.reshape(2, pairs, 2).astype(np.int32),
        rng.normal(0, 8, (2, pairs, dimension)).astype(np.float32),
        rng.normal(0, 0.5, (2, pairs, FEATURES)).astype(np.float32),
        np.ones((2, pairs), np.float32),
        np.ones((2, inclusions), np.float32),
        np.array([0.2, 0.4], np.float32),
        rng.uniform(0.2, 1.0, (2, dimension)).astype(np.float32),
        np.full(2, 64.0**dimension, np.float32),
    )


@pytest.mark.parametrize("surroundings", [False, True])
def test_what_fills_a_graph_up_changes_nothing(surroundings):
    network = build_network(ContactNetworkSettings(surroundings=surroundings), 0)
    some = graphs()
    filled = some._replace(
        ends=np.pad(some.ends, ((0, 0), (0, 3), (0, 0))),
        vector=np.pad(some.vector, ((0, 0), (0, 3), (0, 0))),
        features=np.pad(some.features, ((0, 0), (0, 3), (0, 0))),
        pair=np.pad(some.pair, ((0, 0), (0, 3))),
        size=np.pad(some.size, ((0, 0), (0, 6))),
    )
    np.testing.assert_allclose(network(filled), network(some), rtol=1e-5)


def test_components_are_exchanged_with_the_axes_and_signs_do_not_count():
    network, some = build_network(ContactNetworkSettings(dimension=3), 0), graphs(dimension=3)
    turned = some._replace(vector=-some.vector[..., ::-1], log_dipoles=some.log_dipoles[:, ::-1])
    np.testing.assert_allclose(network(turned), network(some)[:, ::-1], rtol=1e-5)


def test_the_order_of_a_pair_does_not_count():
    network, some = build_network(ContactNetworkSettings(), 0), graphs()
    swapped = some._replace(ends=some.ends[..., ::-1], vector=-some.vector)
    np.testing.assert_allclose(network(swapped), network(some), rtol=1e-5)


def test_more_conductance_never_conducts_less():
    base = energies([[0, 1], [1, 2]], [[3.0, 1.0], [2.0, 2.0]], [1.0, 2.0], [1.0] * 3)
    more = energies([[0, 1], [1, 2]], [[3.0, 1.0], [2.0, 2.0]], [1.5, 2.0], [1.0] * 3)
    assert np.all(more > base)


def test_the_gradient_at_fixed_potentials_is_that_of_the_minimum():
    ends, vector = jnp.asarray([[[0, 1], [1, 2]]]), jnp.asarray([[[3.0, 1.0], [2.0, 2.0]]])
    spring = jnp.asarray([[1.0, 2.0, 3.0]])

    def total(g):
        return float(jnp.sum(network_energies(ends, vector, jnp.asarray([[g, 2.0]]), spring)))

    slope = jax.grad(lambda g: jnp.sum(network_energies(ends, vector, g, spring)))(jnp.asarray([[1.5, 2.0]]))
    np.testing.assert_allclose(slope[0, 0], (total(1.6) - total(1.4)) / 0.2, rtol=1e-2)
