# SPDX-License-Identifier: GPL-3.0-or-later
"""Stress around the pores of a user's own image, with intervals and a flag for unlike images."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.style import drawing_style, save_figure
from mesobayes.drawing.target import finite
from mesobayes.fem.errors import MeshError, SolveError
from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.learning.settings import Precision
from mesobayes.record.provenance import Run, versions
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.figures.own_image import own_picture
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.models.trained import open_trained
from mesobayes.studies.stress.own.finite_elements import solve_own_plate
from mesobayes.studies.stress.own.reading import OwnPlate, read_own_image
from mesobayes.studies.stress.own.settings import OwnImageSettings
from mesobayes.studies.stress.own.usual import unlike_training
from mesobayes.studies.stress.own.whole import interval_of_maximum
from mesobayes.studies.stress.own.windows import intervals, predict_plate
from mesobayes.studies.stress.stores import CALIBRATION, OWN, USUAL, WHOLE_MAXIMA


def predict_own_image(
    image: Path,
    macro: Path | None,
    fit: Path,
    weights: Path,
    calibration: Path | None,
    usual: Path,
    maxima: Path,
    prediction: Path,
    pdf: Path,
    png: Path,
    store: Path,
    settings: OwnImageSettings,
    model: ModelSettings,
    mesh: MeshSettings,
    pixels_per_radius: int,
    draws: int,
    precision: Precision,
    image_hash: str,
    run: Run,
) -> None:
    """Write the Tresca stress of a user's plate: the field, a picture, and what it says as JSON.

    Args:
        image: dark (or, of an array, larger) pixels are voids.
        macro: macroscopic stress (component, y, x) in units of E; None for that of a solid plate.
        fit, weights, calibration: of the model; without a calibration, intervals are called uncalibrated.
        usual: description of the training patches.
        maxima: largest stresses of held-out structures, which give the interval of that of the plate.
        prediction, pdf, png, store: written.
        settings: load, unit of length, and what is listed.
        model: settings of the model.
        mesh: of the finite elements, where they are asked for.
        pixels_per_radius: of the network.
        draws: posterior draws.
        precision: of matrix products.
        image_hash: of the content of image and macroscopic stress.
        run: scale, seed and hashes.

    Raises:
        ImageError: image or macroscopic stress is refused.
    """
    begin = time.perf_counter()
    plate, given = read_own_image(image, macro, settings, pixels_per_radius)
    reading = time.perf_counter() - begin
    trained = open_trained(fit, weights, run.seed)
    origin = trained.origin
    calibrated = None if calibration is None else open_store(calibration, CALIBRATION, variables=["factor"])
    half = intervals(calibrated, trained.network.settings.heads, settings.level)
    begin = time.perf_counter()
    field = predict_plate(trained.network, plate, model, half, draws, trained.seed, precision)
    seconds = {"reading": reading, "prediction": time.perf_counter() - begin}
    numbers, reasons, distance = unlike_training(
        plate, field["origin"].values, open_store(usual, USUAL), settings.unlike_share
    )
    field["feature_distance"] = ("window", distance)
    places = largest_stresses(field, plate, settings, given.pixels.shape[0] if given.from_top else None)
    content: dict[str, Any] = {
        "image": image.name,
        "image_hash": image_hash,
        "shape": list(given.pixels.shape),
        "read_as": given.remark,
        "pores": len(plate.around.pores),
        "pixels_per_radius": plate.image_radius,
        "radius_from": "image" if settings.pixels_per_radius is None else "settings",
        "specks_filled": plate.specks,
        "void_fraction": float(1.0 - plate.coverage.mean()),
        "load": load_of(macro, settings),
        "stress": "in-plane Tresca stress, half the difference of the principal stresses, in units of E",
        "interval": half.kind,
        "level": settings.level,
        "maximum": maximum_of(field, open_store(maxima, WHOLE_MAXIMA), settings.level),
        "largest": places,
        "not_predicted": float(np.isnan(field["mean"].values)[plate.solid].mean()),
        "out_of_distribution": bool(reasons),
        "unlike_training": reasons,
        **numbers,
        "network": {key: origin[key] for key in ("network", "model", "family", "labels", "steps")}
        | {"draws": draws, "pixels_per_radius": pixels_per_radius},
    }
    if reasons:
        content["interval"] += ", on plates unlike this one"
        content["maximum"]["interval"] += ", which are unlike this plate"
    if settings.finite_elements:
        content["finite_elements"] = compared(field, plate, macro, settings, mesh)
    content |= {
        "seconds": seconds,
        **run.origin,
        "versions": versions(),
    }
    for line in sentences(content):
        print(line, flush=True)
    keys = ("image", "pixels_per_radius", "interval", "level", "out_of_distribution")
    write_store(field.assign_attrs({key: content[key] for key in keys}), store, OWN, run)
    with drawing_style():
        figure = own_picture(field, plate.around.pores, content, run.label)
    save_figure(figure, pdf, png, prediction, finite(content))


def load_of(macro: Path | None, settings: OwnImageSettings) -> dict[str, Any]:
    """Say which load the plate is under."""
    if macro is not None:
        return {"macro_stress": macro.name, "holes": "large holes are where it is zero, all others are pores"}
    return {
        "strain": list(settings.strain),
        "holes": "the macroscopic stress is that of a solid plate in plane strain (E = 1, nu = 0.3): "
        "every hole is a pore",
    }


def maximum_of(field: xr.Dataset, maxima: xr.Dataset, level: float) -> dict[str, Any]:
    """Return the largest stress by the regions of interest, and its interval."""
    value = float(np.nanmax(field["window_max"].values))
    return {"value": value, **interval_of_maximum(maxima, value, level)}


def largest_stresses(
    field: xr.Dataset, plate: OwnPlate, settings: OwnImageSettings, height: int | None
) -> list[dict[str, float | None]]:
    """The largest predicted stresses and their places, in R from the lower left corner and in image pixels.

    Args:
        height: rows of the image, where they are counted from the top.
    """
    mean = np.nan_to_num(field["mean"].values, nan=-1.0)
    y, x = field["y"].values, field["x"].values
    left = mean.copy()
    found: list[dict[str, float | None]] = []
    while len(found) < settings.largest and left.max() >= 0:
        row, column = (int(index) for index in np.unravel_index(np.argmax(left), left.shape))
        left[np.hypot(y[:, None] - y[row], x[None, :] - x[column]) < settings.apart] = -1.0
        up = y[row] * plate.image_radius
        place = {
            **{"value": mean[row, column], "x": x[column], "y": y[row]},
            **{name: field[name].values[row, column] for name in ("low", "high")},
            **{"column": x[column] * plate.image_radius, "row": up if height is None else height - up},
        }
        found.append({name: float(value) if np.isfinite(value) else None for name, value in place.items()})
    return found


def compared(
    field: xr.Dataset, plate: OwnPlate, macro: Path | None, settings: OwnImageSettings, mesh: MeshSettings
) -> dict[str, Any]:
    """Solve the plate by finite elements, keep the field, and compare; or say why that is not possible."""
    if macro is not None:
        return {"refused": "a macroscopic stress does not say how the plate is loaded"}
    try:
        truth, seconds = solve_own_plate(plate, settings.strain, mesh)
    except (MeshError, SolveError) as error:
        return {"refused": str(error)}
    field["finite_elements"] = (("y", "x"), truth.astype(np.float32), {"units": "E"})
    both = np.isfinite(truth) & np.isfinite(field["mean"].values)
    true, mean = truth[both], field["mean"].values[both]
    inside = (field["low"].values[both] <= true) & (true <= field["high"].values[both])
    return {
        "maximum": float(true.max()),
        "rms_error": float(np.sqrt(np.mean((mean - true) ** 2))),
        "rms_stress": float(np.sqrt(np.mean(true**2))),
        "within_interval": float(inside.mean()) if np.isfinite(field["high"].values[both]).all() else None,
        "seconds": seconds,
    }


def sentences(content: dict[str, Any]) -> list[str]:
    """Say the answer in a few lines."""
    largest = content["maximum"]
    ends = (
        f"{content['level']:.0%} interval {largest['low']:.3g} to {largest['high']:.3g} "
        f"({largest['interval']})"
    )
    lines = [
        f"{content['pores']} pores, R = {content['pixels_per_radius']:.3g} pixels, {content['read_as']}",
        f"largest Tresca stress {largest['value']:.3g} E, {ends}",
        f"{content['not_predicted']:.0%} of the material lies within 5 R of the border: not predicted",
    ]
    reference = content.get("finite_elements")
    if reference:
        lines.append(
            f"no finite elements: {reference['refused']}"
            if "refused" in reference
            else f"finite elements: largest stress {reference['maximum']:.3g} E, {reference['seconds']:.1f} s"
        )
    return lines + [f"unlike the training set: {reason}" for reason in content["unlike_training"]]
