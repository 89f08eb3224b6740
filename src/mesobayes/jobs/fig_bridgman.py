# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: the figures and tables of Bridgman et al. 2022, each drawn from stores alone."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.errors import StoreError
from mesobayes.fem.viscoplastic import Material
from mesobayes.figures.bridgman import learning, specimens, uncertainty
from mesobayes.figures.bridgman.drawing import NOT_SHOWN, SHOWN, Drawing, Finding
from mesobayes.figures.registry import Target, read_registry
from mesobayes.figures.style import drawing_style, save_figure
from mesobayes.files import replacing
from mesobayes.learning.damage import (
    TRANSFORM_NAMES,
    TRANSFORMS,
    WEIGHTINGS,
    transform_damage,
    weight_table,
)
from mesobayes.nets.heteroencoder import HeteroencoderSettings, build_heteroencoder, count_parameters
from mesobayes.provenance import Provenance, versions
from mesobayes.store import open_store
from mesobayes.studies.heteroencoder import restore

Inputs = Mapping[str, Any]  # name of an input -> its path or list of paths


def draw_figure(
    slug: str,
    inputs: Inputs,
    registry: Path | str,
    pdf: Path | str,
    png: Path | str,
    record: Path | str,
    provenance: Provenance,
) -> None:
    """Draw one figure and write it with what it shows.

    Raises:
        StoreError: a store is broken or of another scale.
    """
    begin = time.perf_counter()
    target = read_registry(registry)[slug]
    with drawing_style():
        drawing = _FIGURES[slug](inputs, provenance)
    content = {
        **_record(target, drawing.findings, drawing.drawn, provenance),
        "wall_time_s": round(time.perf_counter() - begin, 1),
    }
    save_figure(drawing.figure, pdf, png, record, _finite(content))


def write_table(
    slug: str, registry: Path | str, path: Path | str, record: Path | str, provenance: Provenance
) -> None:
    """Write one table as CSV, and as JSON what it shows of the printed values."""
    target = read_registry(registry)[slug]
    rows, findings = _TABLES[slug]()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
    content = _finite(_record(target, findings, {"rows": len(rows) - 1}, provenance))
    dump = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with replacing(record) as temporary:
        temporary.write_text(dump, encoding="utf-8")


def _record(
    target: Target, findings: Mapping[str, Finding], drawn: Mapping[str, Any], provenance: Provenance
) -> dict[str, Any]:
    missing = Finding(None, NOT_SHOWN, "the figure shows it, but no number of ours stands for it")
    return {
        "slug": target.slug,
        "paper": target.paper,
        "number": target.number,
        "title": target.title,
        "caption": target.caption,
        "settings_of_the_paper": dict(target.settings),
        "scale": provenance.scale,
        "seed": provenance.seed,
        "config_hash": provenance.config_hash,
        "code_hash": provenance.code_hash,
        "versions": versions(),
        "drawn": drawn,
        "printed": [
            {"key": value.key, "printed": value.value, **findings.get(value.key, missing)._asdict()}
            for value in target.printed
        ],
    }


def _finite(value: Any) -> Any:
    """Plain values for JSON: NumPy numbers become Python's, what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _open(path: Path | str, schema: str, provenance: Provenance) -> xr.Dataset:
    data = open_store(path, f"failure/{schema}")
    if data.attrs["scale"] != provenance.scale:
        raise StoreError(
            f"{path} is of scale {data.attrs['scale']}, not {provenance.scale}: delete it and run again"
        )
    return data


def _open_scores(paths: Sequence[Path | str], provenance: Provenance) -> dict[str, xr.Dataset]:
    data = [_open(path, "scores", provenance) for path in paths]
    return {scores.attrs["variant"]: scores for scores in data}


def _scores_note(scores: Mapping[str, xr.Dataset], provenance: Provenance) -> str:
    some = next(iter(scores.values()))
    folds = sorted({data.sizes["fold"] for data in scores.values()})
    return (
        f"scale {provenance.scale}: {some.attrs['n_train']} training and {some.attrs['n_test']} test "
        f"specimens per fold, split by specimen; {' or '.join(map(str, folds))} folds"
    )


def _fit_note(fit: xr.Dataset, provenance: Provenance) -> str:
    draws = f", {fit.sizes['draw']} posterior draws" if "draw" in fit.sizes else ""
    trained = fit.attrs["n_train"]
    return f"scale {provenance.scale}: trained on {trained} specimens, shown are test specimens{draws}"


def _physics_note(data: xr.Dataset, provenance: Provenance) -> str:
    nx, ny, nz = (data.sizes[axis] for axis in "xyz")
    return f"scale {provenance.scale}: {nx} × {ny} × {nz} voxels, {data.sizes['specimen']} specimens"


def _histories(inputs: Inputs, provenance: Provenance) -> tuple[xr.Dataset, ...]:
    names = [name for name in ("histories", "histories_printed") if name in inputs]
    return tuple(_open(inputs[name], "histories", provenance) for name in names)


def _damage_evolution(inputs: Inputs, provenance: Provenance) -> Drawing:
    fast, printed = _histories(inputs, provenance)
    return specimens.damage_evolution(fast, printed, _physics_note(fast, provenance))


def _damage_histograms(inputs: Inputs, provenance: Provenance) -> Drawing:
    (fast,) = _histories(inputs, provenance)
    return specimens.damage_histograms(fast, _physics_note(fast, provenance) + ", preset fast")


def _ensemble_response(inputs: Inputs, provenance: Provenance) -> Drawing:
    fast, printed = _histories(inputs, provenance)
    return specimens.ensemble_response(fast, printed, _physics_note(fast, provenance))


def _perturbed(inputs: Inputs, provenance: Provenance) -> list[xr.Dataset]:
    data = [_open(path, "perturbed", provenance) for path in inputs["perturbed"]]
    return sorted(data, key=lambda one: one.attrs["realization"])


def _failure_sensitivity(inputs: Inputs, provenance: Provenance) -> Drawing:
    data, perturbed = _open(inputs["specimens"], "specimens", provenance), _perturbed(inputs, provenance)
    rows = [one.attrs["row"] for one in perturbed]
    pores = data["pores"].values[rows].astype(bool)
    note = f"Scale {provenance.scale}, preset fast"
    return specimens.failure_sensitivity(pores, data["failed_voxel"].values[rows], perturbed, note)


def _damage_transform(inputs: Inputs, provenance: Provenance) -> Drawing:
    data = _open(inputs["specimens"], "specimens", provenance)
    good = np.flatnonzero(data["status"].values == 0)
    above = (data["damage"].values[good] >= 0.6).sum(axis=(1, 2, 3))
    row = int(good[np.argsort(above)[int(0.8 * (len(good) - 1))]])  # more to see than in the typical one
    return specimens.damage_transform(
        data["pores"].values[row].astype(bool), data["damage"].values[row], _physics_note(data, provenance)
    )


def _damage_loss_histograms(inputs: Inputs, provenance: Provenance) -> Drawing:
    scores = _open_scores(inputs["scores"], provenance)
    return learning.damage_loss_histograms(scores["point_t_uniform"], _scores_note(scores, provenance))


def _loss_weightings(inputs: Inputs, provenance: Provenance) -> Drawing:
    scores = _open_scores(inputs["scores"], provenance)
    data = _open(inputs["specimens"], "specimens", provenance)
    good = np.flatnonzero(data["status"].values == 0)[:40]
    solid = data["pores"].values[good] == 0
    target = transform_damage(data["damage"].values[good], solid, "t")
    names = ("uniform", "logistic", "IH", "IHpr")
    weights = {name: weight_table(name, target, solid).table for name in names}
    return learning.loss_weightings(scores, weights, _scores_note(scores, provenance))


def _heteroencoder_architecture(inputs: Inputs, provenance: Provenance) -> Drawing:
    return learning.heteroencoder_architecture((20, 20, 80), "Sizes on the printed grid.")


def _confusion_illustration(inputs: Inputs, provenance: Provenance) -> Drawing:
    fit = _open(inputs["fit"][0], "fit", provenance)
    return learning.confusion_illustration(fit, _fit_note(fit, provenance))


def _recall_precision(inputs: Inputs, provenance: Provenance) -> Drawing:
    scores = _open_scores(inputs["scores"], provenance)
    return learning.recall_precision_12_models(scores, _scores_note(scores, provenance))


def _damage_frequency(inputs: Inputs, provenance: Provenance) -> Drawing:
    scores = _open_scores(inputs["scores"], provenance)
    return learning.damage_frequency_levelsets(scores, _scores_note(scores, provenance))


def _cnn_vs_sensitivity(inputs: Inputs, provenance: Provenance) -> Drawing:
    fit, perturbed = _open(inputs["fit"][0], "fit", provenance), _perturbed(inputs, provenance)
    scores = _open_scores(inputs["scores"], provenance)["point_t_IHpr"]
    return learning.cnn_vs_sensitivity(fit, perturbed, scores, _fit_note(fit, provenance) + ", threshold 0.8")


def _bcnn_recall_precision(inputs: Inputs, provenance: Provenance) -> Drawing:
    scores = _open_scores(inputs["scores"], provenance)
    return learning.bcnn_recall_precision(scores, _scores_note(scores, provenance))


def _bcnn_variance(inputs: Inputs, provenance: Provenance) -> Drawing:
    fits = {fit.attrs["variant"]: fit for fit in (_open(path, "fit", provenance) for path in inputs["fit"])}
    note = _fit_note(next(iter(fits.values())), provenance)
    return uncertainty.bcnn_variance(fits, note + "; pushed forward, without the noise of the likelihood")


def _cluster_cdfs(inputs: Inputs, provenance: Provenance) -> Drawing:
    fit = _open(inputs["fit"][0], "fit", provenance)
    return uncertainty.cluster_cdfs(fit, f"scale {provenance.scale}, {fit.sizes['draw']} posterior draws")


def _cluster_ranking(inputs: Inputs, provenance: Provenance) -> Drawing:
    fit, perturbed = _open(inputs["fit"][0], "fit", provenance), _perturbed(inputs, provenance)
    scores = _open_scores(inputs["scores"], provenance)
    return uncertainty.cluster_ranking(fit, perturbed, scores, _fit_note(fit, provenance))


def _weight_cv(inputs: Inputs, provenance: Provenance) -> Drawing:
    fit = _open(inputs["fit"][0], "fit", provenance)
    filters = 8
    settings = HeteroencoderSettings(filters=filters, estimator="flipout")
    parameters = restore(fit["weights"].values, build_heteroencoder(settings, 0))
    return uncertainty.weight_cv_by_layer(parameters, _fit_note(fit, provenance))


def _failure_readings(inputs: Inputs, provenance: Provenance) -> Drawing:
    data = [_open(path, "reading", provenance) for path in inputs["readings"]]
    readings = {one.attrs["reading"]: one for one in data}
    return specimens.failure_readings(readings, _physics_note(data[0], provenance))


def _reference_posterior(inputs: Inputs, provenance: Provenance) -> Drawing:
    data = _open(inputs["reference"], "reference", provenance)
    weights, draws = data.sizes["weight"], data.sizes["draw"]
    note = f"scale {provenance.scale}: {weights} weights, {draws} draws of each posterior"
    return uncertainty.reference_posterior(data, note)


_FIGURES: dict[str, Callable[[Inputs, Provenance], Drawing]] = {
    "damage_evolution": _damage_evolution,
    "damage_histograms": _damage_histograms,
    "ensemble_response": _ensemble_response,
    "failure_sensitivity": _failure_sensitivity,
    "damage_transform": _damage_transform,
    "damage_loss_histograms": _damage_loss_histograms,
    "loss_weightings": _loss_weightings,
    "heteroencoder_architecture": _heteroencoder_architecture,
    "confusion_illustration": _confusion_illustration,
    "recall_precision_12_models": _recall_precision,
    "damage_frequency_levelsets": _damage_frequency,
    "cnn_vs_sensitivity": _cnn_vs_sensitivity,
    "bcnn_recall_precision": _bcnn_recall_precision,
    "bcnn_variance": _bcnn_variance,
    "cluster_cdfs": _cluster_cdfs,
    "cluster_ranking": _cluster_ranking,
    "weight_cv_by_layer": _weight_cv,
    "failure_readings": _failure_readings,
    "reference_posterior": _reference_posterior,
}

Table = tuple[list[tuple[Any, ...]], dict[str, Finding]]
_CONSTANTS = (  # name, symbol, unit, key of the registry, value in that unit
    ("Young's modulus", "E", "GPa", "E_GPa", lambda m: m.young / 1e3),
    ("Poisson's ratio", "nu", "1", "nu", lambda m: m.poisson),
    ("yield strength", "Y", "MPa", "Y_MPa", lambda m: m.yield_strength),
    ("initial void size", "nu0", "µm³", "nu0_um3", lambda m: m.void_volume),
    ("initial void density", "eta0", "1/µm³", "eta0_um-3", lambda m: m.void_density),
    ("flow exponent", "n", "1", "n", lambda m: m.flow_exponent),
    ("damage exponent", "m", "1", "m", lambda m: m.damage_exponent),
    ("flow coefficient", "f", "1/s", "f", lambda m: m.flow_coefficient),
    ("isotropic dynamic recovery", "R", "1", "R", lambda m: m.recovery),
    ("isotropic hardening", "H", "GPa", "H_GPa", lambda m: m.hardening / 1e3),
    ("initial hardening", "kappa0", "MPa", "kappa0_MPa", lambda m: m.initial_hardening),
    ("initial damage", "phi0", "1", "phi0", lambda m: m.initial_damage),
    ("shear nucleation", "N1", "1", "N1", lambda m: m.shear_nucleation),
    ("triaxiality nucleation", "N3", "1", "N3", lambda m: m.triaxiality_nucleation),
    ("maximum damage", "phi_max", "1", "phi_max", lambda m: m.maximum_damage),
)


def _constitutive_parameters() -> Table:
    printed, fast = Material(), Material(damage_exponent=5.0)
    rows: list[tuple[Any, ...]] = [("constant", "symbol", "unit", "printed", "fast")]
    found = {}
    for name, symbol, unit, key, value in _CONSTANTS:
        rows.append((name, symbol, unit, value(printed), value(fast)))
        found[key] = Finding(value(printed), SHOWN, "the constant in use, preset printed")
    return rows, found


def _model_variants() -> Table:
    rows: list[tuple[Any, ...]] = [("kind", "name", "symbol", "in the configuration")]
    found = {}
    keys = {"id": "none", "sigma": "softmax", "g": "gaussian", "t": "softmax_after_gaussian"}
    for transform in TRANSFORMS:
        rows.append(("transform of the damage", TRANSFORM_NAMES[transform], transform, transform))
        found[f"transforms.{keys[transform]}"] = Finding(transform, SHOWN, "the name in use")
    names = {"uniform": "none", "IH": "inverse_histogram", "IHpr": "inverse_histogram_per_realization"}
    for weighting in WEIGHTINGS:
        symbol = "id" if weighting == "uniform" else weighting
        rows.append(("weighting of the loss", names[weighting].replace("_", " "), symbol, weighting))
        found[f"weightings.{names[weighting]}"] = Finding(symbol, SHOWN, f"called {weighting} here")
    return rows, found


def _heteroencoder_layers() -> Table:
    point, bayes = HeteroencoderSettings(), HeteroencoderSettings(estimator="flipout")
    counts = [
        [count_parameters(layer) for layer in build_heteroencoder(settings, 0).layers]
        for settings in (point, bayes)
    ]
    operations = [
        "pooling 2 × 2 × 2",
        "pooling 2 × 2 × 2",
        "upsampling 2 × 2 × 2",
        "upsampling 2 × 2 × 2",
        "",
        "",
    ]
    rows: list[tuple[Any, ...]] = [
        (
            "layer",
            "channels in",
            "channels out",
            "kernel",
            "activation",
            "followed by",
            "deterministic",
            "variational",
        )
    ]
    found = {}
    for i, (inputs, outputs) in enumerate(point.channels):
        activation = "linear" if i == len(point.channels) - 1 else "ReLU"
        rows.append(
            (i + 1, inputs, outputs, "3 × 3 × 3", activation, operations[i], counts[0][i], counts[1][i])
        )
        for key, column in (("params_det", 0), ("params_bayes", 1)):
            found[f"{key}[{i}]"] = Finding(counts[column][i], SHOWN, "counted from the network")
    for key, column in (("sum_det", 0), ("sum_bayes", 1)):
        found[key] = Finding(sum(counts[column]), SHOWN, "counted from the network, without the noise")
    rows.append(("sum", "", "", "", "", "", sum(counts[0]), sum(counts[1])))
    return rows, found


_TABLES: dict[str, Callable[[], Table]] = {
    "constitutive_parameters": _constitutive_parameters,
    "model_variants": _model_variants,
    "heteroencoder_layers": _heteroencoder_layers,
}
