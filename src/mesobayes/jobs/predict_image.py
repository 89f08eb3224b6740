# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: permeability of a user's own image, with an interval and a flag for unlike images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesobayes.images.user_image import read_two_phase_image
from mesobayes.jobs.fit_permeability import SCHEMA as FIT
from mesobayes.jobs.target_record import write_record
from mesobayes.learning.regression_prediction import load_permeability_network
from mesobayes.record.provenance import Provenance, versions
from mesobayes.record.store import open_store
from mesobayes.studies.permeability.fit import predict_tensor_diagonal


def predict_image(
    image: Path | str,
    square: Sequence[Path | str],
    volume: Sequence[Path | str],
    output: Path | str,
    draws: int,
    pixels_max: int,
    provenance: Provenance,
) -> None:
    """Write the diagonal of the apparent permeability as JSON.

    Args:
        square, volume: weights and predictions of the networks for two and for three dimensions.

    Raises:
        ImageError: the image is refused.
    """
    given = read_two_phase_image(image, pixels_max)
    weights, fit = square if given.pixels.ndim == 2 else volume
    network = load_permeability_network(Path(weights))
    trained = open_store(fit, FIT)
    prediction = predict_tensor_diagonal(network, trained, given.pixels, draws)
    content: dict[str, Any] = {
        "image": Path(image).name,
        "shape": list(given.pixels.shape),
        "read_as": given.remark,
        **prediction,
        "network": {
            "fit": trained.attrs["model"],
            "trained_on": trained.attrs["family"],
            "cells": trained.attrs["n_training"],
            "side": network.settings.side,
            "mape_on_test_cells": trained.attrs["mape"],
        },
        "scale": provenance.scale,
        "seed": provenance.seed,
        "code_hash": provenance.code_hash,
        "versions": versions(),
    }
    for component, value in zip(prediction["components"], prediction["permeability"], strict=True):
        low, high = (np.round(value[key], 4) for key in ("lower", "upper"))
        print(f"mu_{component} = {value['mean']:.4f}, {prediction['level']:.0%} interval {low} to {high}")
    for reason in prediction["unlike_training"]:
        print(f"warning: {reason}")
    write_record(content, output)
