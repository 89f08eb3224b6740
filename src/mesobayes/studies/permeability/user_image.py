# SPDX-License-Identifier: GPL-3.0-or-later
"""Permeability of a user's own image, with an interval and a flag for unlike images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.images.user_image import read_two_phase_image
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.record.files import replacing
from mesobayes.record.provenance import Run, versions
from mesobayes.record.store import open_store
from mesobayes.studies.permeability.predict import load_permeability_network, pooled_features, predict_log
from mesobayes.studies.permeability.settings import OwnCellSettings
from mesobayes.studies.permeability.stores import FIT


def predict_image(
    image: Path,
    square_fit: Path,
    square_weights: Path,
    volume_fit: Path,
    volume_weights: Path,
    prediction: Path,
    settings: OwnCellSettings,
    draws: int,
    image_hash: str,
    run: Run,
) -> None:
    """Write the diagonal of the apparent permeability of an image as JSON.

    Args:
        square_fit, square_weights: predictions and weights of the network for two dimensions.
        volume_fit, volume_weights: the same for three.
        settings: how the image is read.
        draws: weight draws of the prediction.
        image_hash: of the content of the image.

    Raises:
        ImageError: the image is refused.
    """
    given = read_two_phase_image(image, settings.pixels_max, threshold=settings.threshold)
    fit, weights = (square_fit, square_weights) if given.pixels.ndim == 2 else (volume_fit, volume_weights)
    network, trained = load_permeability_network(weights), open_store(fit, FIT)
    found = predict_tensor_diagonal(network, trained, given.pixels, draws)
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
        },
        "scale": run.scale,
        "seed": run.seed,
        "code_hash": run.code_hash,
        "versions": versions(),
    }
    for component, value in zip(found["components"], found["permeability"], strict=True):
        if value["lower"] is None:
            interval = "no interval: too few validation cells calibrate it"
        else:
            interval = f"{found['level']:.0%} interval {value['lower']:.4f} to {value['upper']:.4f}"
        print(f"mu_{component} = {value['mean']:.4f}, {interval}")
    for reason in found["unlike_training"]:
        print(f"warning: {reason}")
    with replacing(prediction) as temporary:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def predict_tensor_diagonal(
    network: PermeabilityNetwork, fit: xr.Dataset, image: np.ndarray, draws: int
) -> dict[str, Any]:
    """Diagonal of the permeability of one image of any size, by the periodic network.

    The component along an axis is the network's component along x of the image with the two axes exchanged.
    Intervals are calibrated on the validation cells of the fit: by the predictive distribution of a
    variational network, else of constant width in log μ. `unlike_training` lists why they may not hold.
    """
    if not isinstance(network, PeriodicPermeabilityNet):
        raise TypeError("images of any size need the periodic network")
    half_widths, means, distance = [], [], 0.0
    for axis in range(image.ndim):
        turned = np.swapaxes(image, -1, -1 - axis)[None]
        log = predict_log(network, turned, draws, int(fit.attrs["draw_seed"]), batch=1)
        means.append(float(log.mean[0, 0]))
        spread = float(log.predictive_std[0, 0])
        factor = fit.attrs.get("interval_factor")
        half_widths.append(fit.attrs["interval_half_width"] if factor is None else factor * spread)
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
