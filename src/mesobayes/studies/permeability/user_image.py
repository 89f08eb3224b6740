# SPDX-License-Identifier: GPL-3.0-or-later
"""Permeability of a user's own image, with an interval and a flag for unlike images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mesobayes.geometry.settings import InclusionFamily
from mesobayes.images.user_image import read_two_phase_image
from mesobayes.metrics.regression import FractionSpread
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.record.files import replacing
from mesobayes.record.provenance import Run, versions
from mesobayes.record.store import open_store
from mesobayes.studies.permeability.contact_graphs import stacked
from mesobayes.studies.permeability.contact_task import predict_contacts
from mesobayes.studies.permeability.contacts import load_contact_network
from mesobayes.studies.permeability.mechanics import graph_of, log_bounds
from mesobayes.studies.permeability.predict import load_permeability_network, pooled_features, predict_log
from mesobayes.studies.permeability.settings import CellMechanicsSettings, Materials, OwnCellSettings
from mesobayes.studies.permeability.stopped import predict_bounds, stopped_of
from mesobayes.studies.permeability.stores import FIT


class Models(NamedTuple):
    """Files of the models for one dimension: fits, and the weights of networks."""

    network: Path
    network_weights: Path
    contacts: Path
    contact_weights: Path
    stopped: Path


def predict_image(
    image: Path,
    square: list[Path],
    volume: list[Path],
    prediction: Path,
    square_family: InclusionFamily,
    volume_family: InclusionFamily,
    materials: Materials,
    mechanics: CellMechanicsSettings,
    settings: OwnCellSettings,
    draws: int,
    image_hash: str,
    run: Run,
) -> None:
    """Write the diagonal of the apparent permeability of an image as JSON.

    Args:
        square, volume: the files of `Models` for two and for three dimensions.
        square_family, volume_family: what their conductances were fitted to.
        settings: how the image is read.
        draws: weight draws of the network's prediction.
        image_hash: of the content of the image.

    Raises:
        ImageError: the image is refused.
    """
    given = read_two_phase_image(image, settings.pixels_max, threshold=settings.threshold)
    plane = given.pixels.ndim == 2
    models, family = Models(*(square if plane else volume)), square_family if plane else volume_family
    found = predict_by_mechanics(given.pixels, models, family, materials, mechanics)
    trained, network = open_store(models.network, FIT), load_permeability_network(models.network_weights)
    content: dict[str, Any] = {
        "image": image.name,
        "image_hash": image_hash,
        "shape": list(given.pixels.shape),
        "read_as": given.remark,
        **found,
        "network": {
            "fit": trained.attrs["model"],
            "trained_on": trained.attrs["family"],
            "cells": trained.attrs["n_training"],
            "side": network.settings.side,
            "mape_on_test_cells": trained.attrs["mape"],
            "evidence": trained.attrs["evidence"],
            "draws": draws,
            **predict_tensor_diagonal(network, trained, given.pixels, draws),
        },
        **run.origin,
        "versions": versions(),
    }
    print(f"by {found['model']}: {found['because']}")
    for component, value in zip(found["components"], found["permeability"], strict=True):
        if value["lower"] is None:
            interval = "no interval: too few validation cells calibrate it"
        else:
            interval = f"{found['level']:.0%} interval {value['lower']:.4f} to {value['upper']:.4f}"
        print(f"mu_{component} = {value['mean']:.4f}, {interval}, at most {value['upper_bound']:.4f}")
    for reason in found["unlike_training"]:
        print(f"warning: {reason}")
    with replacing(prediction) as temporary:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def predict_by_mechanics(
    image: np.ndarray,
    models: Models,
    family: InclusionFamily,
    materials: Materials,
    mechanics: CellMechanicsSettings,
) -> dict[str, Any]:
    """Diagonal of one image: by conductances if its inclusions are those of the family, else `stopped`.

    `upper_bound` is the energy of the stopped solver and holds for any image.
    """
    stopped = open_store(models.stopped, FIT)
    steps, fraction = int(stopped.attrs["stopped_steps"]), float(image.mean())
    energy, radau = log_bounds(image, materials, steps, image.ndim)
    graph, misfit = graph_of(image, family, materials, mechanics)
    radii = f"{family.radius_min:g} to {family.radius_max:g}".removesuffix(f" to {family.radius_min:g}")
    if misfit <= mechanics.misfit_max:
        fit = open_store(models.contacts, FIT)
        mean = predict_contacts(load_contact_network(models.contact_weights), stacked([graph]))[0]
        because = (
            f"{len(graph.size)} separate inclusions of radius {radii} pixels explain all but {misfit:.1%}"
        )
    else:
        fit = stopped
        bounds = xr.Dataset({"log_energy": _one_cell(energy), "log_radau": _one_cell(radau)})
        mean = predict_bounds(stopped_of(fit), bounds, steps)[0]
        because = f"separate inclusions of radius {radii} pixels leave {misfit:.0%} of the pixels unexplained"
    low, high = fit.attrs["fraction_range"]
    spread = FractionSpread(np.array(fit.attrs["spread_coefficients"])).predict(np.clip(fraction, low, high))
    half_width = float(fit.attrs["interval_factor"] * spread)
    reasons = []
    if not low <= fraction <= high:
        reasons.append(f"volume fraction {fraction:.3f} outside the training range {low:.3f} to {high:.3f}")
    return {
        "model": str(fit.attrs["model"]),
        "because": because,
        "trained_on": fit.attrs["family"],
        "cells": fit.attrs["n_training"],
        "volume_fraction": fraction,
        "components": ["xx", "yy", "zz"][: image.ndim],
        "permeability": [
            {"mean": float(np.exp(m)), **_interval(float(m), half_width), "upper_bound": float(np.exp(bound))}
            for m, bound in zip(mean, energy[:, -1], strict=True)
        ],
        "solver_steps": steps,
        "level": fit.attrs["interval_level"],
        "unlike_training": reasons,
    }


def _one_cell(values: np.ndarray) -> tuple[tuple[str, str, str], np.ndarray]:
    """Bounds (i, step) as those of a data set of one cell."""
    return ("sample", "i", "step"), values[None]


def predict_tensor_diagonal(
    network: PermeabilityNetwork, fit: xr.Dataset, image: np.ndarray, draws: int
) -> dict[str, Any]:
    """Diagonal of the permeability of one image of any size, by the variational periodic network.

    The component along an axis is the network's component along x of the image with the two axes exchanged.
    Intervals are calibrated on the validation cells. `unlike_training` lists why they may not hold.
    """
    if not isinstance(network, PeriodicPermeabilityNet):
        raise TypeError("images of any size need the periodic network")
    half_widths, means, distance = [], [], 0.0
    for axis in range(image.ndim):
        turned = np.swapaxes(image, -1, -1 - axis)[None]
        log = predict_log(network, turned, draws, int(fit.attrs["draw_seed"]), batch=1)
        means.append(float(log.mean[0, 0]))
        half_widths.append(float(fit.attrs["interval_factor"] * log.predictive_std[0, 0]))
        whitened = (pooled_features(network, turned, batch=1) - fit["feature_mean"].values) @ fit[
            "feature_whitening"
        ].values
        distance = max(distance, float(np.sqrt(np.mean(whitened**2))))
    fraction, (low, high) = float(image.mean()), fit.attrs["fraction_range"]
    threshold = float(fit["outlier_threshold"])
    reasons = []
    if not low <= fraction <= high:
        reasons.append(f"volume fraction {fraction:.3f} outside the training range {low:.3f} to {high:.3f}")
    if distance > threshold:
        reasons.append(f"features at distance {distance:.2f}, beyond {threshold:.2f} of the training images")
    if any(edge % network.settings.multiple for edge in image.shape):
        reasons.append(
            f"an edge is no multiple of {network.settings.multiple} pixels: its continuation has a seam"
        )
    return {
        "volume_fraction": fraction,
        "components": ["xx", "yy", "zz"][: image.ndim],
        "permeability": [
            {"mean": float(np.exp(m)), **_interval(m, w)} for m, w in zip(means, half_widths, strict=True)
        ],
        "level": fit.attrs["interval_level"],
        "out_of_distribution": bool(distance > threshold or not low <= fraction <= high),
        "feature_distance": distance,
        "feature_distance_usual": threshold,
        "unlike_training": reasons,
    }


def _interval(mean: float, half_width: float) -> dict[str, float | None]:
    """Ends of an interval of μ about exp(mean); none where the calibration set was too small."""
    if not np.isfinite(half_width):
        return {"lower": None, "upper": None}
    return {"lower": float(np.exp(mean - half_width)), "upper": float(np.exp(mean + half_width))}
