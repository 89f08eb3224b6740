# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables 1 to 4: materials, scores of the fits, wall times; and one of ours, of what needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.drawing import Number, Table
from mesobayes.studies.permeability.figures.numbers import drawn_of, mape_number, r2_number
from mesobayes.studies.permeability.figures.panels import Fits
from mesobayes.studies.permeability.settings import Materials

_HEADING = (
    *("model", "MAPE mu11", "MAPE mu22", "R2 mu11", "R2 mu22", "skill", "R2 log(mu11/mu22)", "test cells"),
)


def magnetic_materials(materials: Materials) -> Table:
    """Relative permeabilities in use (Table 1)."""
    values = {"matrix": materials.matrix, "inclusion": materials.inclusion}
    numbers = {name: Number.exact(value, "the constant in use") for name, value in values.items()}
    return Table([("material", "relative permeability"), *values.items()], numbers)


def permeability_mono_metrics(
    printed: xr.Dataset, modern: xr.Dataset, bayes: xr.Dataset, contacts: xr.Dataset
) -> Table:
    """Scores on unseen cells of one size (Table 2)."""
    fits = {"printed": printed, "modern": modern, "bayes": bayes, "contacts": contacts}
    numbers = {f"mape[{i}]": mape_number(printed, i) for i in range(2)}
    numbers |= {f"r2[{i}]": r2_number(printed, i) for i in range(2)}
    return Table(_score_rows(fits), numbers, drawn_of(fits))


def transfer_poly_metrics(**fits: xr.Dataset) -> Table:
    """Scores of continued and of new networks on cells of several sizes (Table 4)."""
    numbers: dict[str, Number] = {}
    for name in ("transfer", "scratch"):
        numbers |= {f"{name}_mape[{i}]": mape_number(fits[name], i) for i in range(2)}
        numbers |= {f"{name}_r2[{i}]": r2_number(fits[name], i) for i in range(2)}
    return Table(_score_rows(fits), numbers, drawn_of(fits))


def permeability_timing(timing: xr.Dataset) -> Table:
    """Seconds of finite elements and of networks for a hundred images (Table 3)."""
    images, side = timing.attrs["images"], timing.attrs["side"]
    seconds = {
        str(method): 100.0 / images * values
        for method, values in zip(timing["method"].values, timing["seconds"].values.T, strict=True)
    }
    rows: list[tuple[Any, ...]] = [
        ("method", "seconds for 100 images", "edge in pixels", "images timed", "repeats")
    ]
    rows += [
        (method, round(float(values.mean()), 4), side, images, len(values))
        for method, values in seconds.items()
    ]
    here = f"{side} × {side} pixels, {images} images timed"
    solver, network = seconds["finite elements"], seconds["printed"]
    gain = f"{here}; the faster the solver, the less is left to gain"
    numbers = {
        "fem_s": Number.of(solver.tolist(), here),
        "cnn_s": Number.of(network.tolist(), here),
        "speedup": Number.of((solver / network).tolist(), gain),
    }
    return Table(rows, numbers, {"seconds": seconds, "images": images, "side": side})


def permeability_mechanics(curves: list[xr.Dataset], costs: list[xr.Dataset]) -> Table:
    """Scores and costs of all cheap models by family and number of training cells."""
    spent = {str(store.attrs["family"]): store["milliseconds"].mean("repeat") for store in costs}
    rows: list[tuple[Any, ...]] = [
        (
            *("family", "model", "training cells", "fits", "MAPE in %", "MAPE range in %", "skill"),
            *("R2 ln(mu11/mu22)", "CPU ms a cell", "share of a solve in %", "test cells"),
        )
    ]
    for curve in curves:
        cost = spent.get(str(curve.attrs["family"]))
        for step in curve["step"].values:
            if f"stopped {step}" in curve["model"].values:
                bound = [
                    curve[f"bound_{key}"].sel(step=step).values for key in ("mape", "skill", "anisotropy_r2")
                ]
                head = (curve.attrs["family"], f"bound after {step} steps", 0, 1)
                rows.append((*head, *_scores(*bound), *_cost(cost, f"stopped {step}"), curve.attrs["n_test"]))
        for model in curve["model"].values.astype(str):
            for count in curve["cells"].values:
                fits = curve.sel(model=model, cells=count)
                head = (curve.attrs["family"], model, int(count), fits.sizes["repeat"])
                scores = _scores(*(fits[key].values for key in ("mape", "skill", "anisotropy_r2")))
                rows.append((*head, *scores, *_cost(cost, model), curve.attrs["n_test"]))
    return Table(rows, drawn={"families": [curve.attrs["family"] for curve in curves]})


def _scores(mape: np.ndarray, skill: np.ndarray, anisotropy: np.ndarray) -> tuple[float | str, ...]:
    """Means over fits, and the range of the errors in percent."""
    percent = 100 * mape
    ends = f"{np.min(percent):.3f} to {np.max(percent):.3f}"
    means = (float(np.mean(values)) for values in (skill, anisotropy))
    return (round(float(np.mean(percent)), 3), ends, *(round(mean, 4) for mean in means))


def _cost(milliseconds: xr.DataArray | None, model: str) -> tuple[float | str, float | str]:
    """CPU time of a model and its share of a solve, if it was timed."""
    if milliseconds is None or model == "volume fraction":
        return ("", "")
    spent, solve = (float(milliseconds.sel({"method": name})) for name in (model, "finite elements"))
    return (round(spent, 3), round(100 * spent / solve, 2))


def _score_rows(fits: Fits) -> list[tuple[Any, ...]]:
    """One row per fit, after that of the volume fraction alone."""
    base = next(iter(fits.values())).attrs
    rows = [_HEADING]
    rows.append(
        _row(
            "cubic in the volume fraction",
            base["baseline_mape"],
            base["baseline_r2"],
            0.0,
            0.0,
            base["n_test"],
        )
    )
    for name, fit in fits.items():
        scores = fit.attrs
        rows.append(
            _row(
                name, scores["mape"], scores["r2"], scores["skill"], scores["anisotropy_r2"], scores["n_test"]
            )
        )
    return rows


def _row(
    name: str, mape: Sequence[float], r2: Sequence[float], skill: float, anisotropy: float, count: int
) -> tuple[Any, ...]:
    return (name, *(round(value, 5) for value in (*mape, *r2, skill, anisotropy)), count)
