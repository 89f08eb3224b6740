# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a user's own porous volume fails first: ranked places with probabilities, and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.style import drawing_style, save_figure
from mesobayes.drawing.target import finite
from mesobayes.record.provenance import Run, versions
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.figures.own_bar import own_picture
from mesobayes.studies.failure.own_pores import group_places, rank_places
from mesobayes.studies.failure.own_reading import OwnBar, read_own_bar
from mesobayes.studies.failure.place_settings import ElasticSettings, OwnBarSettings
from mesobayes.studies.failure.rank_fit import ALL, load_ranker
from mesobayes.studies.failure.stores import OWN, RANKED


def predict_own_bar(
    image: Path,
    ranked: list[Path],
    prediction: Path,
    pdf: Path,
    png: Path,
    store: Path,
    settings: OwnBarSettings,
    elastic: ElasticSettings,
    image_hash: str,
    run: Run,
) -> None:
    """Write where a user's volume fails first: a list, a picture, and every candidate as a store.

    Args:
        image: dark (or, of an array, larger) voxels are voids.
        ranked: the ranker on every fold; they answer together.
        prediction, pdf, png, store: written.
        settings: how the volume is read, and what is listed.
        elastic: of the short elastic solve, as in the fits.
        image_hash: of the content of the volume.
        run: scale, seed and hashes.

    Raises:
        ImageError: the volume is refused.
    """
    bar = read_own_bar(image, settings)
    voxels = rank_places(bar.pores, [load_ranker(path) for path in ranked], elastic)
    places = group_places(voxels, settings.reach, settings.largest)
    unusual = float(voxels["unusual"].mean())
    reasons = []
    if unusual > settings.unlike_share:
        reasons.append(
            f"{unusual:.0%} of the candidates have a feature far outside what was seen in training"
        )
    content: dict[str, Any] = {
        "image": image.name,
        "image_hash": image_hash,
        "shape": list(bar.given.pixels.shape),
        "read_as": bar.given.remark,
        "pulled": settings.pulled,
        "porosity": float(bar.pores.mean()),
        "candidates": voxels.sizes["place"],
        "places": listed(places, bar),
        "elsewhere": max(0.0, 1.0 - float(places["probability"].sum())),
        "unlike_training": reasons,
        "ranker": {"name": settings.ranker, **tested(ranked)},
        **{"scale": run.scale, "seed": run.seed, "code_hash": run.code_hash, "versions": versions()},
    }
    for line in sentences(content):
        print(line, flush=True)
    write_store(voxels.assign_attrs(image=image.name, pulled=settings.pulled), store, OWN, run)
    with drawing_style():
        figure = own_picture(bar.pores, places, content, run.label)
    save_figure(figure, pdf, png, prediction, finite(content))


def listed(places: xr.Dataset, bar: OwnBar) -> list[dict[str, Any]]:
    """Places as a list, the most likely first, at slice, row and column of the file, counted from 0."""
    return [
        {
            "rank": number + 1,
            **{name: float(places[name].values[number]) for name in ("probability", "low", "high")},
            "voxels": int(places["voxels"].values[number]),
            **bar.in_file(places["voxel"].values[number]),
        }
        for number in range(places.sizes["place"])
    ]


def tested(ranked: list[Path]) -> dict[str, Any]:
    """How the ranker did on the test specimens of its folds: was its likeliest voxel the one that failed."""
    trained, probability, right = [], [], []
    for path in ranked:
        data = open_store(path, RANKED).sel(labels=ALL)
        trained.append(int(data["trained"]))
        rows, logarithm = data["row"].values, data["log_probability"].values
        for row in np.unique(rows):
            best = np.flatnonzero(rows == row)[np.argmax(logarithm[rows == row])]
            probability.append(float(np.exp(logarithm[best])))
            right.append(bool((data["voxel"].values[best] == data["failed_voxel"].values[row]).all()))
    return {
        "folds": len(ranked),
        "trained": trained,
        "test_specimens": len(right),
        "likeliest_voxel_failed": float(np.mean(right)),
        "its_mean_probability": float(np.mean(probability)),
    }


def sentences(content: dict[str, Any]) -> list[str]:
    """Say the answer in a few lines."""
    lines = [
        f"porosity {content['porosity']:.3g}, {content['candidates']} voxels touch a void, "
        f"pulled along {content['pulled']}, {content['read_as']}"
    ]
    lines += [
        f"{place['rank']}. slice {place['slice']}, row {place['row']}, column {place['column']}: "
        f"probability {place['probability']:.2f} ({place['low']:.2f} to {place['high']:.2f} over the folds)"
        for place in content["places"][:3]
    ]
    return lines + [f"unlike the training set: {reason}" for reason in content["unlike_training"]]
