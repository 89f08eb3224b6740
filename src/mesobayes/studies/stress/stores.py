# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts of the stores of the stress study: who reads one need not import who writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STRUCTURES = "stress/structures"
LABEL_NOISE = "stress/label_noise"
PATCHES = "stress/patches"
CHANNELS = "stress/channels"
MECHANICS = "stress/mechanics"
MAXIMA = "stress/maxima"
FIT = "stress/fit"  # of a chain of selective learning
MODEL = "stress/model"
PREDICTION = "stress/prediction"
STITCHED = "stress/stitched"
WHOLE_PATCHES = "stress/shown"
CALIBRATION = "stress/calibration"
CURVES = "stress/curves"
TIMING = "stress/timing"
USUAL = "stress/usual"
WHOLE_MAXIMA = "stress/whole_maxima"
OWN = "stress/own"


def noise_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the measured label noise among the attributes of a store."""
    return {key: value for key, value in attributes.items() if key.startswith("label_noise")}
