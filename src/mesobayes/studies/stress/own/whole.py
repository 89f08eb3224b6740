# SPDX-License-Identifier: GPL-3.0-or-later
"""An interval for the largest stress of a whole plate, from those of structures that were held out.

Each held-out structure is predicted as a user's plate is, window by window, and gives one number: how far its
largest predicted stress is off, as a share of it. Structures are exchangeable, so that the quantile of rank
⌈(K + 1) level⌉ of K of them holds for a new one with the level (split conformal prediction).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.learning.settings import Precision
from mesobayes.metrics.calibration import GUARANTEED_FROM, calibration_factors
from mesobayes.nets.build import StressNetwork
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.mechanics.channels import read_surroundings
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.models.stitch import images_of
from mesobayes.studies.stress.models.trained import open_trained
from mesobayes.studies.stress.models.training_sets import held_out
from mesobayes.studies.stress.own.reading import OwnPlate
from mesobayes.studies.stress.own.windows import Intervals, predict_plate
from mesobayes.studies.stress.stores import PATCHES, STRUCTURES, WHOLE_MAXIMA

_NO_INTERVAL = Intervals("uncalibrated", False, None, None)


def whole_maxima(
    fit: Path,
    weights: Path,
    structures: Path,
    patches: Path,
    store: Path,
    model: ModelSettings,
    most: int,
    draws: int,
    precision: Precision,
    run: Run,
) -> None:
    """Write the largest stress of every held-out structure beside the one that a model predicts.

    Args:
        fit, weights: of the model.
        structures: of its family.
        patches: of the same family: they know which structures are held out.
        store: written.
        model: settings of the model.
        most: structures at most.
        draws: posterior draws.
        precision: of matrix products.
        run: scale, seed and hashes.
    """
    trained = open_trained(fit, weights, run.seed)
    origin = trained.origin
    splits = open_store(patches, PATCHES, variables=("split", "structure"))
    numbers = np.unique(splits["structure"].values[held_out(splits, model, origin["repeat"], run.seed)])[
        :most
    ]
    data = open_store(structures, STRUCTURES).isel(structure=numbers)
    pixels = splits.attrs["pixels_per_radius"]
    found = [
        maximum_of_structure(
            trained.network, data.isel(structure=place), pixels, model, draws, trained.seed, precision
        )
        for place in range(len(numbers))
    ]
    true, mean = np.array(found).T
    result = xr.Dataset(
        {
            "true_max": ("structure", true, {"units": "E", "long_name": "largest stress that is reached"}),
            "mean_max": ("structure", mean, {"units": "E", "long_name": "largest predicted stress"}),
        },
        {"structure": numbers},
        {"family": splits.attrs["family"], "network": origin["network"], "model": origin["model"]},
    )
    error = np.sqrt(np.mean((mean / true - 1.0) ** 2))
    print(f"largest stress of {len(numbers)} structures, rms error {error:.1%}", flush=True)
    write_store(result, store, WHOLE_MAXIMA, run)


def maximum_of_structure(
    network: StressNetwork,
    structure: xr.Dataset,
    pixels_per_radius: int,
    model: ModelSettings,
    draws: int,
    seed: int,
    precision: Precision = "default",
) -> tuple[float, float]:
    """Largest stress of a structure where regions of interest reach, true and predicted, in units of E."""
    images = images_of(structure)
    around = read_surroundings(images.macro[None], images.solid, images.coverage, pixels_per_radius)
    plate = OwnPlate(images.solid, images.coverage, around, pixels_per_radius, pixels_per_radius, 0)
    field = predict_plate(network, plate, model, _NO_INTERVAL, draws, seed, precision)
    reached = np.isfinite(field["mean"].values)
    return float(images.tresca[reached].max()), float(np.nanmax(field["window_max"].values))


def interval_of_maximum(maxima: xr.Dataset, value: float, level: float) -> dict[str, Any]:
    """Interval of a largest stress that was predicted as `value`, and what stands behind it.

    With fewer than 40 structures it is an estimate, the quantile of their errors without the one structure
    more that a guarantee takes.
    """
    true, mean = maxima["true_max"].values, maxima["mean_max"].values
    factors = calibration_factors(true - mean, mean, maxima["structure"].values, level)
    half = float(factors.values[0])
    kind = "guaranteed" if factors.guaranteed else f"estimated: fewer than {GUARANTEED_FROM}"
    return {
        "low": max(0.0, value * (1.0 - half)),
        "high": value * (1.0 + half),
        "interval": f"{kind}, from the largest stress of {factors.structures} held-out structures",
        "structures": factors.structures,
    }
