# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of permeability networks by the one loop: symmetries, schedule, resuming, transfer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.learning.fit import fit
from mesobayes.learning.step import training_step
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.nets.state import split_network
from mesobayes.studies.permeability.evaluate import epoch_history
from mesobayes.studies.permeability.predict import predict_mean
from mesobayes.studies.permeability.settings import CellFitSettings
from mesobayes.studies.permeability.task import LabelledImages, cell_task


def labelled(count, seed):
    """Noise images whose labels follow from the volume fraction and from the share of horizontal pairs."""
    rng = np.random.default_rng(seed)
    images = rng.random((count, 16, 16)) < rng.uniform(0.1, 0.6, (count, 1, 1))
    pairs = [np.mean(images & np.roll(images, 1, axis), axis=(1, 2)) for axis in (2, 1)]
    target = images.mean(axis=(1, 2))[:, None] + np.stack(pairs, axis=1)
    return LabelledImages(images, target.astype(np.float32))


def network(name="modern", seed=0, **settings):
    settings = PermeabilityNetworkSettings(name, 16, width=0.25, levels=2, stem=2, **settings)
    return build_network(settings, seed)


def fitted(start, training, validation, settings, seed, checkpoint=None, report=None):
    task = cell_task(start, settings, training, validation)
    result = fit(task, start, settings, seed, checkpoint, report)
    return result.network, epoch_history(result, task)


FAST = CellFitSettings(
    epochs=12, batch=16, learning_rate=3e-3, schedule="onecycle", clip_norm=1.0, augment=True
)


def test_a_fit_learns_more_than_the_mean_and_traces_its_step_once():
    training, validation = labelled(128, 0), labelled(64, 1)
    before = training_step._cache_size()
    _, history = fitted(network(), training, validation, FAST, 0)
    assert training_step._cache_size() == before + 1
    assert history.shape == (12, 2)
    assert history[-1, 1] < 0.05 * np.var(validation.target)


@pytest.mark.parametrize("shape", [(6, 6), (4, 4, 4)], ids=["square", "cube"])
def test_an_augmented_image_keeps_its_label_along_the_axis_that_is_exchanged_with_x(shape):
    """Layers across one axis, whose labels are the numbers of the axes."""
    axis = np.arange(12) % len(shape)
    images = np.stack([np.moveaxis(np.indices(shape)[-1] % 2 == 0, -1, -1 - a) for a in axis])
    outputs = np.stack([axis == component for component in range(len(shape))], axis=1).astype(np.float32)
    layers = LabelledImages(images, outputs)
    task = cell_task(network(dimension=len(shape), outputs=len(shape)), FAST, layers, layers)
    for seed in range(4):
        batch = task.batch(jax.tree.map(jnp.asarray, layers), jnp.arange(12), jax.random.key(seed))
        layered_across_x = (
            np.abs(np.diff(batch.images, axis=-1)).sum(axis=tuple(range(1, len(shape) + 1))) > 0
        )
        np.testing.assert_array_equal(batch.target[:, 0], layered_across_x)


def test_an_augmented_image_is_a_periodic_shift_or_mirror_image_of_its_own():
    rng = np.random.default_rng(0)
    cells = LabelledImages(rng.random((5, 6, 6)) < 0.4, np.arange(10, dtype=np.float32).reshape(5, 2))
    task = cell_task(network("printed"), FAST, cells, cells)
    batch = task.batch(jax.tree.map(jnp.asarray, cells), jnp.array([3, 1, 3]), jax.random.key(2))
    for image, target in zip(np.asarray(batch.images), np.asarray(batch.target), strict=True):
        original = cells.images[int(target[0]) // 2]
        mirrors = [original[::a, ::b] for a in (1, -1) for b in (1, -1)]
        shifts = [np.roll(m, (i, j), (0, 1)) for m in mirrors for i in range(6) for j in range(6)]
        assert any(np.array_equal(image, shifted) for shifted in shifts)
    assert not np.array_equal(batch.images[0], batch.images[2])


def test_an_interrupted_fit_goes_on_with_the_same_numbers(tmp_path):
    training, validation = labelled(48, 0), labelled(16, 1)
    settings = CellFitSettings(
        epochs=4,
        batch=16,
        learning_rate=1e-3,
        schedule="plateau",
        plateau_patience=1,
        l2=1e-3,
        augment=True,
        checkpoint_seconds=0,
    )
    whole, history = fitted(network(), training, validation, settings, 7)

    class Killed(Exception):
        pass

    def kill(progress):
        if progress.step == 9:
            raise Killed

    checkpoint = tmp_path / "fit.npz"
    with pytest.raises(Killed):
        fitted(network(), training, validation, settings, 7, checkpoint, kill)
    resumed, again = fitted(network(), training, validation, settings, 7, checkpoint)
    np.testing.assert_array_equal(again, history)
    for ours, theirs in zip(
        jax.tree.leaves(split_network(resumed)[1:]), jax.tree.leaves(split_network(whole)[1:]), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_the_plateau_schedule_keeps_the_best_weights():
    training, validation = labelled(64, 0), labelled(32, 1)
    settings = CellFitSettings(epochs=6, batch=16, learning_rate=2e-2, schedule="plateau")
    best, history = fitted(network(), training, validation, settings, 0)
    error = np.mean((predict_mean(best, validation.images) - validation.target) ** 2)
    assert error == pytest.approx(history[:, 1].min(), rel=1e-5)


def test_the_plateau_schedule_stops_once_the_validation_loss_has_not_fallen_for_so_long():
    training, validation = labelled(32, 0), labelled(16, 1)
    still = CellFitSettings(
        epochs=9, batch=16, learning_rate=1e-12, schedule="plateau", plateau_patience=1, stop_patience=2
    )
    _, history = fitted(network(), training, validation, still, 0)
    assert 3 <= len(history) < 9


def test_a_transfer_starts_from_the_given_weights_and_leaves_them():
    images, original = labelled(4, 0).images, network("printed", seed=5)
    before = predict_mean(original, images)
    settings = CellFitSettings(epochs=1, batch=16, learning_rate=1e-12)
    continued, _ = fitted(original, labelled(16, 0), labelled(8, 1), settings, 0)
    np.testing.assert_allclose(predict_mean(continued, images), before, atol=1e-6)
    np.testing.assert_array_equal(predict_mean(original, images), before)


def terms(start, **settings):
    """Loss and named terms of one minibatch."""
    cells = labelled(16, 0)
    task = cell_task(start, CellFitSettings(epochs=1, **settings), cells, cells)
    _, parameters, statistics = split_network(start)
    batch = task.batch(jax.tree.map(jnp.asarray, cells), jnp.arange(16), jax.random.key(0))
    loss, (named, _) = task.loss(parameters, statistics, batch, jax.random.key(0))
    return float(loss), {name: float(value) for name, value in named.items()}


def test_sums_of_squared_kernels_stand_in_the_loss_as_printed():
    start = network("printed")
    difference = terms(start, l2=1e-3)[0] - terms(start)[0]
    kernels = [array for name, array in split_network(start)[1].items() if name.endswith("kernel.mu")]
    assert len(kernels) == 7
    assert difference == pytest.approx(1e-3 * sum(float(jnp.sum(kernel**2)) for kernel in kernels), rel=1e-4)


def test_evidence_divides_the_divergence():
    start = network(estimator="shared")
    one, eight = (terms(start, loss="nll", evidence=evidence)[1]["kl"] for evidence in (1.0, 8.0))
    assert one > 0
    assert eight == pytest.approx(one / 8, rel=1e-5)


def test_empty_sets_are_refused():
    with pytest.raises(ValueError, match="at least one image"):
        cell_task(network(), FAST, labelled(0, 0), labelled(4, 0))
