# SPDX-License-Identifier: GPL-3.0-or-later
"""Stress of a user's plate by a fitted network: windows that tile it, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry, cut_windows
from mesobayes.images.stitching import stitch_rois, tile_origins
from mesobayes.learning.settings import Precision
from mesobayes.nets.build import StressNetwork
from mesobayes.nets.settings import LocalNetworkSettings
from mesobayes.studies.stress.fit import model_inputs
from mesobayes.studies.stress.models.local_windows import window_channels, window_scales
from mesobayes.studies.stress.models.patch_data import PatchData, masked_maximum
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.own.reading import OwnPlate
from mesobayes.studies.stress.patches import window_inputs
from mesobayes.studies.stress.predict import predict_patches

_UNIT = {"units": "E"}


@dataclass(frozen=True)
class Intervals:
    """Half widths of an interval: in spreads of the network's own law, else in patch scales.

    Attributes:
        kind: "calibrated" on held-out structures, or "uncalibrated".
        law: whether half widths count in spreads.
        pixel, maximum: half widths of a pixel and of the largest stress of a region; None for no interval.
    """

    kind: str
    law: bool
    pixel: float | None
    maximum: float | None


def intervals(calibration: xr.Dataset | None, heads: bool, level: float) -> Intervals:
    """Half widths from a calibration of the model; without one those of the normal law of its heads."""
    if calibration is None:
        width = NormalDist().inv_cdf(0.5 + 0.5 * level) if heads else None
        return Intervals("uncalibrated", heads, width, width)
    factor = calibration["factor"].sel(interval="calibrated" if heads else "constant", level=level)
    pixel, maximum = (float(factor.sel(target=target)) for target in ("pixel", "maximum"))
    return Intervals(
        "calibrated",
        heads,
        pixel if np.isfinite(pixel) else None,
        maximum if np.isfinite(maximum) else None,
    )


def seen_by(network: StressNetwork, plate: OwnPlate, origins: NDArray, model: ModelSettings) -> PatchData:
    """Return windows as a network sees them, in units of their scales; there is no truth in them."""
    geometry, around = PatchGeometry(plate.pixels_per_radius), plate.around
    if isinstance(network.settings, LocalNetworkSettings):
        mechanics = network.settings.mechanics
        return window_channels(around, plate.solid, plate.coverage, origins, geometry, mechanics).patches()
    inputs, _ = window_inputs(around.macro_stress[0], plate.solid, plate.coverage, origins, geometry)
    mask = cut_windows(plate.solid, origins, geometry.roi, geometry.margin)
    return model_inputs(PatchData(inputs, np.zeros(mask.shape, np.float32), mask), model)


def predict_plate(
    network: StressNetwork,
    plate: OwnPlate,
    model: ModelSettings,
    half: Intervals,
    draws: int,
    seed: int,
    precision: Precision = "default",
) -> xr.Dataset:
    """Tresca stress of a plate with intervals, in units of E; NaN where no region of interest reaches.

    Variables on the plate (y, x): solid, coverage, mean, low, high; of the windows: origin, solid pixels,
    and the largest stress of each region, window_max, with window_low, window_high. Ends are NaN where there
    is no interval.
    """
    geometry = PatchGeometry(plate.pixels_per_radius)
    origins = tile_origins(plate.solid.shape, geometry)
    seen = seen_by(network, plate, origins, model)
    found = predict_patches(network, seen.inputs, draws, seed, precision=precision)
    scale = window_scales(plate.around, origins, geometry)
    whole = partial(stitch_rois, origins=origins, shape=plate.solid.shape, geometry=geometry)
    law = found.predictive if half.law else None
    spread = np.ones_like(found.mean) if law is None else law.std
    centre = found.roi_max.mean(axis=0) if law is None else law.max_centre
    wide = np.ones(len(scale)) if law is None else law.max_std
    mean = whole(found.mean * scale[:, None, None])
    width = whole(spread * scale[:, None, None]) * (np.nan if half.pixel is None else half.pixel)
    margin = wide * scale * (np.nan if half.maximum is None else half.maximum)
    there = masked_maximum(seen.mask, seen.mask) > 0
    maximum = np.where(there, centre * scale, np.nan)
    return xr.Dataset(
        {
            **{"solid": (("y", "x"), plate.solid), "coverage": (("y", "x"), plate.coverage)},
            **{
                name: (("y", "x"), np.where(plate.solid, values, np.nan).astype(np.float32), _UNIT)
                for name, values in {
                    "mean": mean,
                    "low": np.maximum(mean - width, 0.0),
                    "high": mean + width,
                }.items()
            },
            "origin": (("window", "corner"), origins, {"units": "pixel"}),
            "window_max": ("window", maximum, {**_UNIT, "long_name": "largest stress of the region"}),
            "window_low": ("window", np.maximum(maximum - margin, 0.0), _UNIT),
            "window_high": ("window", maximum + margin, _UNIT),
        },
        {
            axis: (axis, (np.arange(count) + 0.5) / plate.pixels_per_radius, {"units": "R"})
            for axis, count in zip(("y", "x"), plate.solid.shape, strict=True)
        },
    )
