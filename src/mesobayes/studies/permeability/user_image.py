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
from mesobayes.studies.permeability.stopped import predict_bounds, stopped_of, within
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
        "scale": run.scale,
        "seed": run.seed,
        "code_hash": run.code_hash,
        "versions": versions(),
    }
    print(f"by {found['model']}: {found['because']}")
    for component, value in zip(found["components"], found["permeability"], strict=True):
        if value["lower"] is None:
            interval = "no interval: too few validation cells calibrate it"
        else:
            interval = f"{found['level']:.0%} interval {value['lower']:.4f} to {value['upper']:.4f}"
        bounds = f"bounds {value['lower_bound']:.4f} and {value['upper_bound']:.4f}"
        print(f"mu_{component} = {value['mean']:.4f}, {interval}, {bounds}")
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

    `lower_bound` and `upper_bound` are those of the stopped solver and hold for any image; the answer and its
    interval stay within them, so that it is exact where the solver has converged.
    """
    stopped = open_store(models.stopped, FIT)
    steps, fraction = int(stopped.attrs["stopped_steps"]), float(image.mean())
    bounds = log_bounds(image, materials, steps, image.ndim)
    least, most = bounds.lower[:, -1], bounds.radau[:, -1]
    graph, misfit = graph_of(image, family, materials, mechanics)
    radii = f"{family.radius_min:g} to {family.radius_max:g}".removesuffix(f" to {family.radius_min:g}")
    if misfit <= mechanics.misfit_max:
        fit = open_store(models.contacts, FIT)
        free = predict_contacts(load_contact_network(models.contact_weights), stacked([graph]))[0]
        mean = within(free.astype(np.float64), least, most)
        because = (
            f"{len(graph.size)} separate inclusions of radius {radii} pixels explain all but {misfit:.1%}"
        )
    else:
        fit = stopped
        one_cell = {
            f"log_{name}": (("sample", "i", "step"), values[None])
            for name, values in bounds._asdict().items()
        }
        mean = predict_bounds(stopped_of(fit), xr.Dataset(one_cell), steps)[0]
        because = f"separate inclusions of radius {radii} pixels leave {misfit:.0%} of the pixels unexplained"
    first, last = fit.attrs["fraction_range"]
    spread = FractionSpread(np.array(fit.attrs["spread_coefficients"]))
    half_width = float(fit.attrs["interval_factor"] * spread.predict(np.clip(fraction, first, last)))
    reasons = []
    if not first <= fraction <= last:
        reasons.append(f"volume fraction {fraction:.3f} outside the training range {first:.3f} to {last:.3f}")
    return {
        "model": str(fit.attrs["model"]),
        "because": because,
        "trained_on": fit.attrs["family"],
        "cells": fit.attrs["n_training"],
        "volume_fraction": fraction,
        "components": ["xx", "yy", "zz"][: image.ndim],
        "permeability": [
            {
                "mean": float(np.exp(m)),
                **_interval(float(m), half_width, low, high),
                **{"lower_bound": float(np.exp(low)), "upper_bound": float(np.exp(high))},
            }
            for m, low, high in zip(mean, least, most, strict=True)
        ],
        "solver_steps": steps,
        "level": fit.attrs["interval_level"],
        "unlike_training": reasons,
    }


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


def _interval(
    mean: float, half_width: float, least: float = -np.inf, most: float = np.inf
) -> dict[str, float | None]:
    """Ends of an interval of μ about exp(mean), within bounds of log μ; none where it is not calibrated."""
    if not np.isfinite(half_width):
        return {"lower": None, "upper": None}
    ends = {"lower": max(mean - half_width, least), "upper": min(mean + half_width, most)}
    return {name: float(np.exp(end)) for name, end in ends.items()}
