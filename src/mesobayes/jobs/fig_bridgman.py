# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: the figures of Bridgman et al. 2022, each drawn from stores alone.

The two that look into a network import it themselves: JAX and Flax load as long as a figure is drawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.style import drawing_style, save_figure
from mesobayes.jobs.target_record import finite, target_record
from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store
from mesobayes.studies.failure.figures import learning, models, readings, specimens, uncertainty
from mesobayes.studies.failure.target import Weighting, transform_damage, weight_table

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
        **target_record(target, drawing.findings, drawing.drawn, provenance),
        "wall_time_s": round(time.perf_counter() - begin, 1),
    }
    save_figure(drawing.figure, pdf, png, record, finite(content))


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
        f"{provenance.label}: {some.attrs['n_train']} training and {some.attrs['n_test']} test "
        f"specimens per fold, split by specimen; mean of {' or '.join(map(str, folds))} fold(s)"
    )


def _fit_note(fit: xr.Dataset, provenance: Provenance) -> str:
    draws = f", {fit.sizes['draw']} posterior draws" if "draw" in fit.sizes else ""
    return f"{_training_note(fit, provenance)}, shown are test specimens{draws}"


def _training_note(fit: xr.Dataset, provenance: Provenance) -> str:
    return f"{provenance.label}: trained on {fit.attrs['n_train']} specimens"


def _physics_note(data: xr.Dataset, provenance: Provenance) -> str:
    nx, ny, nz = (data.sizes[axis] for axis in "xyz")
    return f"{provenance.label}: {nx} × {ny} × {nz} voxels, {data.sizes['specimen']} specimens"


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
    """Perturbed copies of each of the realizations a to l."""
    batches = [_open(path, "perturbed", provenance) for path in inputs["perturbed"]]
    data = xr.concat(batches, dim="perturbation", data_vars="all")
    return [copies for _, copies in data.groupby("realization")]


def _failure_sensitivity(inputs: Inputs, provenance: Provenance) -> Drawing:
    data, perturbed = _open(inputs["specimens"], "specimens", provenance), _perturbed(inputs, provenance)
    rows = [int(one["row"][0]) for one in perturbed]
    pores = data["pores"].values[rows].astype(bool)
    note = f"{provenance.label}, preset fast"
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
    names: tuple[Weighting, ...] = ("uniform", "logistic", "IH", "IHpr")
    weights: dict[str, np.ndarray] = {name: weight_table(name, target, solid).table for name in names}
    return learning.loss_weightings(scores, weights, _scores_note(scores, provenance))


def _heteroencoder_architecture(inputs: Inputs, provenance: Provenance) -> Drawing:
    from mesobayes.nets.settings import HeteroencoderSettings

    channels = [outputs for _, outputs in HeteroencoderSettings().channels]
    return learning.heteroencoder_architecture(channels, (20, 20, 80), "Sizes on the printed grid.")


def _confusion_illustration(inputs: Inputs, provenance: Provenance) -> Drawing:
    fit = _open(inputs["fit"][0], "fit", provenance)
    return learning.confusion_illustration(fit, _fit_note(fit, provenance))


def _recall_precision(inputs: Inputs, provenance: Provenance) -> Drawing:
    scores = _open_scores(inputs["scores"], provenance)
    return models.recall_precision_12_models(scores, _scores_note(scores, provenance))


def _damage_frequency(inputs: Inputs, provenance: Provenance) -> Drawing:
    scores = _open_scores(inputs["scores"], provenance)
    return learning.damage_frequency_levelsets(scores, _scores_note(scores, provenance))


def _cnn_vs_sensitivity(inputs: Inputs, provenance: Provenance) -> Drawing:
    fit, perturbed = _open(inputs["fit"][0], "fit", provenance), _perturbed(inputs, provenance)
    scores = _open_scores(inputs["scores"], provenance)["point_t_IHpr"]
    return models.cnn_vs_sensitivity(fit, perturbed, scores, _fit_note(fit, provenance) + ", threshold 0.8")


def _bcnn_recall_precision(inputs: Inputs, provenance: Provenance) -> Drawing:
    scores = _open_scores(inputs["scores"], provenance)
    return models.bcnn_recall_precision(scores, _scores_note(scores, provenance))


def _bcnn_variance(inputs: Inputs, provenance: Provenance) -> Drawing:
    fits = {fit.attrs["variant"]: fit for fit in (_open(path, "fit", provenance) for path in inputs["fit"])}
    note = _fit_note(next(iter(fits.values())), provenance)
    return uncertainty.bcnn_variance(fits, note + "; pushed forward, without the noise of the likelihood")


def _cluster_cdfs(inputs: Inputs, provenance: Provenance) -> Drawing:
    fit = _open(inputs["fit"][0], "fit", provenance)
    return uncertainty.cluster_cdfs(fit, f"{provenance.label}, {fit.sizes['draw']} posterior draws")


def _cluster_ranking(inputs: Inputs, provenance: Provenance) -> Drawing:
    fit, perturbed = _open(inputs["fit"][0], "fit", provenance), _perturbed(inputs, provenance)
    scores = _open_scores(inputs["scores"], provenance)
    return uncertainty.cluster_ranking(fit, perturbed, scores, _fit_note(fit, provenance))


def _weight_cv(inputs: Inputs, provenance: Provenance) -> Drawing:
    from mesobayes.nets.functional_heteroencoder import build_heteroencoder, variation_by_layer
    from mesobayes.nets.settings import HeteroencoderSettings
    from mesobayes.studies.failure.fit import restore

    fit = _open(inputs["fit"][0], "fit", provenance)
    network = build_heteroencoder(HeteroencoderSettings(filters=8, estimator="flipout"), 0)
    kernels, biases = variation_by_layer(restore(fit["weights"].values, network))
    return uncertainty.weight_cv_by_layer(kernels, biases, _training_note(fit, provenance))


def _failure_readings(inputs: Inputs, provenance: Provenance) -> Drawing:
    data = [_open(path, "reading", provenance) for path in inputs["readings"]]
    by_name = {str(name): batch.sel(reading=name) for batch in data for name in batch["reading"].values}
    return readings.failure_readings(by_name, _physics_note(data[0], provenance))


def _reference_posterior(inputs: Inputs, provenance: Provenance) -> Drawing:
    from mesobayes.studies.failure.figures.reference import (
        reference_posterior,  # loads jax, most figures do not
    )

    data = _open(inputs["reference"], "reference", provenance)
    weights, draws = data.sizes["weight"], data.sizes["draw"]
    note = (
        f"{provenance.label}: {weights} weights, {draws} draws of each posterior, "
        f"one voxel in {data.attrs['thinning']:.0f} counts as an observation"
    )
    return reference_posterior(data, note)


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
