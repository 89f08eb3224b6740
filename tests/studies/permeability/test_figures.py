# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the permeability study: what they draw, and what they say about the printed values."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.signal import correlate

from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.style import drawing_style
from mesobayes.metrics.regression import fit_fraction_baseline
from mesobayes.studies.permeability.figures import cells, learning, schematics
from mesobayes.studies.permeability.fit import scores

REGISTRY = read_registry(Path(__file__).parents[3] / "workflow" / "figures.yaml")


def fit(error, components=2, seed=0):
    """A fit whose predictions of log μ scatter by `error` about the truth."""
    rng = np.random.default_rng(seed)
    fraction = rng.uniform(0.05, 0.5, 60)
    truth = (2 * fraction + fraction**2)[:, None] + rng.normal(0, 0.03, (60, components))
    baseline = fit_fraction_baseline(fraction, truth)
    dims = ("sample", "i")
    data = xr.Dataset(
        {
            "log_truth": (dims, truth),
            "log_mean": (dims, truth + rng.normal(0, error, truth.shape)),
            "log_baseline": (dims, np.repeat(baseline.predict(fraction)[:, None], components, axis=1)),
            "epistemic_std": (dims, np.full(truth.shape, 0.01)),
            "noise_std": (dims, np.full(truth.shape, 0.02)),
            "history": (("epoch", "part"), np.geomspace(1, 1e-3, 12)[:, None] * [1.0, 1.2]),
        },
        coords={"epoch": np.arange(1, 13), "part": ["training", "validation"]},
        attrs={
            "seed": "mesobayes",
            "n_training": 140,
            "n_validation": 30,
            "n_test": 60,
            "epochs": 12,
            "fit_seconds": 3.0,
            "baseline_spread": baseline.spread,
            "interval_factor": 1.1,
            "coverage_calibrated": 0.95,
            "coverage_nominal": 0.9,
        },
    )
    data.attrs |= scores(data)
    return data


IMAGE = np.random.default_rng(0).random((32, 32)) < 0.3
MONO = {"printed": fit(0.03), "modern": fit(0.005), "bayes": fit(0.006)}
TRANSFER = {
    "scratch": fit(0.05),
    "transfer": fit(0.02),
    "modern_scratch": fit(0.01),
    "modern_transfer": fit(0.005),
}
SPHERES = {"printed": fit(0.03, 1), "modern": fit(0.01, 1)}
DRAWINGS = {
    "convolution_gray": schematics.convolution_gray,
    "convolution_rgb": schematics.convolution_rgb,
    "pooling": schematics.pooling,
    "mlp": schematics.mlp,
    "permeability_cnn": schematics.permeability_cnn,
    "sample_size_distributions": lambda: cells.sample_size_distributions("study", 200),
    "permeability_mono": lambda: learning.permeability_mono(IMAGE, MONO, "small"),
    "transfer_poly": lambda: learning.transfer_poly(IMAGE, TRANSFER, "small"),
    "transfer_overlap": lambda: learning.transfer_overlap(IMAGE, TRANSFER, "small"),
    "permeability_3d": lambda: learning.permeability_3d(SPHERES, "small", 0.2, 32),
}


@pytest.mark.parametrize("slug", DRAWINGS)
def test_a_figure_draws_something_and_answers_every_printed_value(slug):
    with drawing_style():
        drawing = DRAWINGS[slug]()
    assert all(axes.has_data() or axes.texts or axes.patches or axes.tables for axes in drawing.figure.axes)
    missing = {value.key for value in REGISTRY[slug].printed} - set(drawing.findings)
    assert not missing


def test_the_convolution_on_the_figure_is_the_one_of_equation_7():
    drawn = schematics.convolution_gray().drawn
    expected = correlate(drawn["image"], drawn["kernel"], mode="valid") + drawn["bias"]
    np.testing.assert_allclose(drawn["feature_map"], expected)


def test_pooling_on_the_figure_is_that_of_its_windows():
    drawn = schematics.pooling().drawn
    windows = drawn["values"].reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(2, 2, 4)
    np.testing.assert_allclose(drawn["maximum"], windows.max(axis=-1))
    np.testing.assert_allclose(drawn["mean"], windows.mean(axis=-1))


def test_the_layer_drawing_follows_the_network():
    layers = schematics.permeability_cnn().drawn["layers"]
    assert [layer["kernel"] for layer in layers[:4]] == REGISTRY["permeability_cnn"].settings["kernels"]
    assert [layer["units"] for layer in layers[4:]] == [64, 32, 2]


def test_the_families_of_figure_6_reach_the_printed_range_with_overlap_only():
    drawn = cells.microstructure_families("study").drawn
    assert drawn["overlap"][-1] == pytest.approx(0.95, abs=0.003)
    assert max(drawn["mono"]) < 0.55
    assert min(map(min, drawn.values())) == pytest.approx(0.05, abs=0.01)


def test_verdicts_follow_the_scores_and_the_scale():
    good, bad = fit(0.004), fit(0.05)
    assert learning.score_findings(good, "small")["mape[0]"].verdict == "shown"
    assert learning.score_findings(bad, "small")["mape[0]"].verdict == "not shown at this scale"
    assert learning.score_findings(bad, "paper")["mape[0]"].verdict == "contradicts the paper"
    keys = {value.key for value in REGISTRY["permeability_mono_metrics"].printed}
    assert keys <= set(learning.score_findings(good, "small"))
    keys = {value.key for value in REGISTRY["transfer_poly_metrics"].printed}
    assert keys <= set(learning.transfer_findings(TRANSFER, "small"))


def test_convergence_is_counted_to_the_epoch_from_which_the_loss_stays_low():
    data = fit(0.01)
    loss = np.array([1.0, 0.5, 0.104, 0.3, 0.105, 0.1, 0.2, 0.1])
    data = data.isel(epoch=slice(0, 8)).assign(history=(("epoch", "part"), np.stack([loss, loss], axis=1)))
    assert learning.epochs_to_converge(data) == 5
