# SPDX-License-Identifier: GPL-3.0-or-later
"""Augmented patches are the eight symmetric copies of the square, with the stress tensor transformed too."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.nets.stress import tresca
from mesobayes.studies.stress.models.symmetries import Batch, augment, transform


def copies(batch: Batch) -> list[np.ndarray]:
    """Inputs of the eight copies without change of sign."""
    n = batch.inputs.shape[0]
    false = jnp.zeros(n, bool)
    images = []
    for bits in itertools.product((False, True), repeat=3):
        flags = [jnp.full(n, bit) for bit in bits]
        images.append(np.asarray(transform(batch, *flags, false).inputs))
    return images


def as_batch(patches) -> Batch:
    return Batch(*map(jnp.asarray, (patches.inputs, patches.target, patches.mask)))


def test_the_copies_form_the_group_of_the_square(patches):
    batch = as_batch(patches)
    once = copies(batch)
    assert all(not np.array_equal(a, b) for a, b in itertools.combinations(once, 2))  # eight different ones
    for image in once:  # closed: a copy of a copy is one of the eight
        twice = copies(batch._replace(inputs=jnp.asarray(image)))
        assert all(any(np.array_equal(copy, known) for known in once) for copy in twice)


def test_exchange_and_flip_is_the_rotation_by_90_degrees(patches):
    batch = as_batch(patches)
    true, false = jnp.ones(len(patches), bool), jnp.zeros(len(patches), bool)
    turned = np.asarray(transform(batch, true, true, false, false).inputs)
    # counter-clockwise with y upwards: the point (x, y) goes to (-y, x); (xx, yy, xy) -> (yy, xx, -xy)
    expected = np.rot90(patches.inputs, k=-1, axes=(1, 2))[..., [1, 0, 2, 3, 4]] * [1, 1, -1, 1, 1]
    np.testing.assert_array_equal(turned, expected.astype(np.float32))


def test_targets_and_masks_move_with_the_inputs_and_tresca_is_invariant(patches):
    inputs = patches.inputs
    centre = inputs[:, 5:13, 5:13]
    target = np.hypot((centre[..., 0] - centre[..., 1]) / 2, centre[..., 2]) + 10 * centre[..., 4]
    batch = Batch(jnp.asarray(inputs), jnp.asarray(target), jnp.asarray(patches.mask))
    for key in jax.random.split(jax.random.key(0), 6):
        copy = augment(batch, key)
        middle = copy.inputs[:, 5:13, 5:13]
        expected = tresca(middle[..., :3]) + 10 * middle[..., 4]
        np.testing.assert_allclose(copy.target, expected, rtol=1e-5)
        np.testing.assert_array_equal(copy.mask, middle[..., 3] > 0.5)
