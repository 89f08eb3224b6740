# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, colours and foot notes that the figures of the failure study share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xarray as xr

from mesobayes.drawing.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION
from mesobayes.record.provenance import Run

DAMAGE = "$\\phi/\\phi_\\mathrm{max}$"
TRANSFORM_NAMES = {
    "id": "none",
    "sigma": "softmax",
    "g": "Gaussian filter",
    "t": "softmax ∘ Gaussian filter",
}
TRANSFORM_COLOUR = {"id": BLACK, "sigma": BLUE, "g": GREEN, "t": VERMILION}
WEIGHT_NAMES = {
    "uniform": "uniform",
    "logistic": "logistic",
    "IH": "inverse histogram",
    "IHpr": "inverse histogram per realization",
}
WEIGHT_SHORT = {"uniform": "uniform", "IH": "inverse hist.", "IHpr": "per realization"}
WEIGHT_LINE = {"uniform": "-", "IH": "--", "IHpr": ":"}
PRESET_NAMES = {
    "fast": "fast: one integration point, m = 5",
    "printed": "printed: constants of Table 1, eight points",
}
KIND_NAMES = {
    "point": "deterministic",
    "longer": "deterministic, longer",
    "bayes": "Bayesian",
    "modern": "with skips (modern)",
    "baseline": "no network",
}
SCALING_NAMES = {"raw": "prediction as it is", "normalised": "normalised (eq. 8)"}
MODEL_STYLE: dict[str, tuple[str, dict[str, Any]]] = {
    "bayes_t_uniform": ("Bayesian, uniform", {"color": ORANGE, "linewidth": 2.2}),
    "bayes_t_IH": ("Bayesian, inverse histogram", {"color": ORANGE, "linestyle": "--", "linewidth": 2.2}),
    "longer_t_uniform": ("deterministic, uniform", {"color": BLUE}),
    "longer_t_IH": ("deterministic, inverse histogram", {"color": BLUE, "linestyle": "--"}),
    "modern_t_uniform": ("with skips (modern), uniform", {"color": GREEN}),
    "modern_t_IHpr": ("with skips (modern), per realization", {"color": GREEN, "linestyle": ":"}),
    "baseline_t_uniform": ("no network, uniform", {"color": PURPLE, "linewidth": 2.8, "alpha": 0.5}),
    "baseline_t_IH": (
        "no network, inverse histogram",
        {"color": PURPLE, "linestyle": "--", "linewidth": 2.8, "alpha": 0.5},
    ),
}


def by_variant(stores: Iterable[xr.Dataset]) -> dict[str, xr.Dataset]:
    """Stores by the name of their model."""
    return {data.attrs["variant"]: data for data in stores}


def scores_note(
    scores: Mapping[str, xr.Dataset], run: Run, folds: str = "bands and bars ± one deviation over folds"
) -> str:
    """Counts of specimens and folds behind scores, how these are drawn, sizes of the networks; two lines."""
    some = next(iter(scores.values()))
    counts = sorted({data.sizes["fold"] for data in scores.values()})
    return (
        f"{run.label}: {some.attrs['n_train']} training and {some.attrs['n_test']} test specimens a fold; "
        f"{' or '.join(map(str, counts))} fold(s), {folds}\n"
        f"{networks_note(scores)}"
    )


def networks_note(stores: Mapping[str, xr.Dataset]) -> str:
    """Widths and steps of all networks among some stores, by kind."""
    found: dict[str, str] = {}
    for data in stores.values():
        if "steps" in data.attrs:
            found[KIND_NAMES[data.attrs["kind"]]] = size_note(data)
    return "; ".join(f"{kind}: {size}" for kind, size in found.items())


def size_note(data: xr.Dataset) -> str:
    """Width of a network and the steps that it took, with those of the fit that it started from."""
    before = f"{data.attrs['steps_before']} + " if data.attrs["steps_before"] else ""
    return f"{data.attrs['filters']} filters, {before}{data.attrs['steps']} steps of {data.attrs['batch']}"


def training_note(fit: xr.Dataset, run: Run) -> str:
    """Count of training specimens behind a fit, its width and its steps."""
    size = f", {size_note(fit)}" if "steps" in fit.attrs else ""
    return f"{run.label}: {fit.attrs['n_train']} training specimens{size}"


def evidence_note(fit: xr.Dataset) -> str:
    """How often each voxel counted against the prior."""
    evidence = float(fit.attrs["evidence"])
    return f"evidence {evidence:g}" if evidence >= 1.0 else f"evidence 1/{1.0 / evidence:.0f} of a voxel"


def fit_note(fit: xr.Dataset, run: Run) -> str:
    """What a fit has seen and what is shown of it."""
    draws = f", {fit.sizes['draw']} posterior draws, {evidence_note(fit)}" if "draw" in fit.sizes else ""
    return f"{training_note(fit, run)}, shown are test specimens{draws}"


def physics_note(data: xr.Dataset, run: Run) -> str:
    """Grid and number of specimens behind simulated fields."""
    nx, ny, nz = (data.sizes[axis] for axis in "xyz")
    return f"{run.label}: {nx} × {ny} × {nz} voxels, {data.sizes['specimen']} specimens"


def size_in_mm(data: xr.Dataset, voxel_mm: float) -> str:
    """Edges of the bar in mm, from the grid in use."""
    return " × ".join(f"{data.sizes[axis] * voxel_mm:.3g}" for axis in "xyz") + " mm"


def copies_of_realizations(perturbed: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Perturbed copies of each of the realizations a to l, from their batches."""
    together = xr.concat(perturbed, dim="perturbation", data_vars="all")
    return [copies for _, copies in together.groupby("realization")]
