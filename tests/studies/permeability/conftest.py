# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up cells and fits, as the stages store them, and the settings of a scale."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml

from mesobayes.drawing.registry import read_registry
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.metrics.regression import fit_fraction_baseline
from mesobayes.record.provenance import Run
from mesobayes.record.settings import build
from mesobayes.studies.configuration import merge
from mesobayes.studies.permeability.data import label_cells
from mesobayes.studies.permeability.scores import scores
from mesobayes.studies.permeability.settings import Materials, PermeabilitySettings

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def settings_of():
    """Function: the study's section of the configuration at a scale, with some keys changed."""

    def read(scale="smoke", **over):
        files = (ROOT / f"workflow/scales/{scale}.yaml", ROOT / "config.yaml")
        parts = [yaml.safe_load(file.read_text("utf-8"))["permeability"] for file in files]
        return build(PermeabilitySettings, merge(merge(*parts), over), "permeability")

    return read


@pytest.fixture(scope="session")
def registry():
    return read_registry(ROOT / "workflow" / "figures.yaml")


@pytest.fixture(scope="session")
def run():
    return Run("permeability", "small", "mesobayes")


@pytest.fixture(scope="session")
def fit():
    """Function: a fit whose predictions of log μ scatter by `error` about the truth."""
    return _fit


def _fit(error, components=2, seed=0):
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
            "volume_fraction": ("sample", fraction),
            "history": (("epoch", "part"), np.geomspace(1, 1e-3, 12)[:, None] * [1.0, 1.2]),
        },
        coords={"sample": np.arange(60), "epoch": np.arange(1, 13), "part": ["training", "validation"]},
        attrs={
            "seed": "mesobayes",
            "model": f"fit{error}",
            "n_training": 140,
            "n_validation": 30,
            "n_test": 60,
            "epochs": 12,
            "steps": 60,
            "evidence": 8.0,
            "draws": 8,
            "fit_seed": "7",
            "draw_seed": "8",
            "fit_seconds": 3.0,
            "baseline_spread": baseline.spread,
            "interval_factor": 1.1,
            "interval_half_width_percent": 2.5,
            "family": "mono",
            "interval_level": 0.95,
            "coverage_calibrated": 0.95,
            "coverage_nominal": 0.9,
        },
    )
    data.attrs |= scores(data)
    return data


@pytest.fixture(scope="session")
def cells():
    """Function: cells of noise with volume fractions from 0.25 to 0.45."""

    def make(dimension=2, number=3, side=32):
        images = np.random.default_rng(0).random((number, *(side,) * dimension)) < 0.3
        return xr.Dataset(
            {
                "image": (("sample", *["z", "y", "x"][-dimension:]), images.astype(np.uint8)),
                "volume_fraction": ("sample", np.linspace(0.25, 0.45, number)),
                "solve_seconds": ("sample", np.linspace(0.1, 0.3, number)),
            },
            coords={"sample": np.arange(number)},
        )

    return make


@pytest.fixture(scope="session")
def label():
    """Function: cells of 32² pixels with some numbers, solved."""
    family = InclusionFamily("mono", 32, radius_min=4, radius_max=4, fraction_max=0.5)
    return lambda indices, seed="study": label_cells(family, indices, seed, Materials(), 1e-6, 2)


@pytest.fixture(scope="session")
def data(label):
    return label(range(90))


@pytest.fixture(scope="session")
def mono(fit):
    return {"printed": fit(0.03), "modern": fit(0.005), "bayes": fit(0.006), "contacts": fit(0.004)}


@pytest.fixture(scope="session")
def transfer(fit):
    errors = {"scratch": 0.05, "transfer": 0.02, "modern_scratch": 0.01, "modern_transfer": 0.005}
    errors |= {"contacts": 0.004, "stopped": 0.002}
    return {name: fit(error) for name, error in errors.items()}
