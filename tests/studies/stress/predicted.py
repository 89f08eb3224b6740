# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up predictions in the layout of the stage `predict_model`, with scores that a test can choose."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.target import make_target
from mesobayes.nets.settings import LocalNetworkSettings, StressNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.stress.settings import StressNetworks

REGISTRY = Path(__file__).parents[3] / "workflow" / "figures.yaml"

NOISE = {
    "label_noise_median": 0.003,
    "label_noise_p95": 0.019,
    "label_noise_max": 0.03,
    "label_noise_accuracy": 1.0,
}
NETWORKS = StressNetworks(
    StressNetworkSettings("printed"),
    StressNetworkSettings("modern", width=0.5),
    LocalNetworkSettings("local"),
    LocalNetworkSettings("geometry"),
)


def predictions(
    error: float,
    *,
    network: str = "modern",
    repeats: int = 3,
    patches: int = 200,
    spread: float = 0.0,
    labels: int = 600,
    fit_seconds: float = 10.0,
    draws: int = 16,
    seed: int = 0,
) -> list[xr.Dataset]:
    """Predictions by some repeats, of maxima with normal relative errors of this size.

    spread: of the draws, in units of the error's size; draws and truth are exchangeable at 1.
    """
    truth = true_maxima(patches)
    stores = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        centre = truth * (1 + error * rng.standard_normal(patches))
        roi_max = centre + error * spread * truth * rng.standard_normal((draws if spread else 1, patches))
        stores.append(
            xr.Dataset(
                {
                    "structure": ("patch", np.arange(patches) // 20),
                    "true_max": ("patch", truth),
                    "mean_max": ("patch", centre),
                    "roi_max": (("draw", "patch"), roi_max),
                },
                {"patch": np.arange(patches)},
                {
                    **{"network": network, "repeat": repeat, "labels": labels, "structures": 8, "steps": 960},
                    **{"batch": 16, "draws": draws, "family": "ellipse3", "model": "toy"},
                    **{"fit_seconds": fit_seconds + repeat, "scale": "small", **NOISE},
                },
            )
        )
    return stores


def true_maxima(patches: int) -> np.ndarray:
    return np.random.default_rng(99).gamma(4.0, 0.25, patches) + 0.05


def mechanics(patches: int, **errors: float) -> xr.Dataset:
    """Maxima of the same patches by mechanics, with uniform relative errors up to these; macro up to 35 %."""
    rng, true = np.random.default_rng(7), true_maxima(patches)
    sizes = {"macro": 0.35, **errors}
    found = [true * (1 + size * rng.uniform(-1, 1, patches)) for size in sizes.values()]
    return xr.Dataset({"roi_max": (("mechanics", "patch"), np.array(found))}, {"mechanics": list(sizes)})


def made(slug: str, module: str, folder: Path, settings: dict[str, Any], **inputs: Any) -> dict[str, Any]:
    """Make a target from data sets in memory, and return its record."""
    run = Run("stress", "small", "seed")
    files: dict[str, Any] = {}
    for name, data in inputs.items():
        if isinstance(data, list):
            files[name] = [folder / name / f"{i}.zarr.zip" for i in range(len(data))]
            for one, path in zip(data, files[name], strict=True):
                write_store(one.drop_attrs().assign_attrs(_own(one)), path, "stress/prediction", run)
        else:
            files[name] = folder / f"{name}.zarr.zip"
            write_store(data, files[name], "stress/mechanics", run)
    target = read_registry(REGISTRY)[slug]
    outputs = {
        ending: folder / f"{slug}.{ending}"
        for ending in (("pdf", "png", "json") if target.output == "figure" else ("csv", "json"))
    }
    make_target(
        slug, f"mesobayes.studies.stress.figures.{module}:{slug}", settings, REGISTRY, files, outputs, run
    )
    return json.loads(outputs["json"].read_text(encoding="utf-8"))


def ours(record: dict[str, Any]) -> dict[str, float]:
    """Our numbers of a record by their keys."""
    return {entry["key"]: entry["ours"] for entry in record["printed"]}


def _own(store: xr.Dataset) -> dict[str, Any]:
    return {key: value for key, value in store.attrs.items() if key != "scale"}


def counted(store: xr.Dataset, threshold: float = 0.1) -> float:
    """Accuracy, patch by patch."""
    pairs = zip(store["mean_max"].values, store["true_max"].values, strict=True)
    return sum(abs(mean - true) / abs(true) < threshold for mean, true in pairs) / store.sizes["patch"]


def covered(store: xr.Dataset) -> float:
    """Coverage, patch by patch."""
    count = 0
    for draws, true in zip(store["roi_max"].values.T, store["true_max"].values, strict=True):
        mean = sum(draws) / len(draws)
        deviation = (sum((draw - mean) ** 2 for draw in draws) / (len(draws) - 1)) ** 0.5
        count += abs(true - mean) <= 1.959963984540054 * deviation
    return count / store.sizes["patch"]
