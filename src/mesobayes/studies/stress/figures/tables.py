# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of section 4: networks on the other family, squeeze-and-excitation, cross validation, costs."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesobayes.drawing.drawing import Number, Table
from mesobayes.studies.stress.figures.predictions import (
    MECHANICS_LABEL,
    Mechanics,
    Predictions,
    Stores,
    accuracies,
    accuracy_number,
    by_network,
    compared,
    cost_ratio,
    counts_of,
    errors_of_mechanics,
    origin_of,
)
from mesobayes.studies.stress.settings import StructureCounts

_SCORES = ("accuracy at 10 %", "from", "to", "repeats", "labels", "patches scored")
_FAMILY = {"A1": "one ellipse", "A2": "three ellipses"}


def cross_dataset(
    A1_on_A1: Predictions,
    A1_on_A2: Predictions,
    A2_on_A2: Predictions,
    A2_on_A1: Predictions,
    mechanics_A1: Mechanics,
    mechanics_A2: Mechanics,
) -> Table:
    """Networks on structures like theirs and on the others; the last rows need no learning."""
    models = {"A1_on_A1": A1_on_A1, "A1_on_A2": A1_on_A2, "A2_on_A2": A2_on_A2, "A2_on_A1": A2_on_A1}
    rows: list[tuple[Any, ...]] = [("trained on", "scored on", "network", *_SCORES)]
    for key, stores in models.items():
        trained, scored = (_FAMILY[name] for name in key.split("_on_"))
        rows += [(trained, scored, name, *_scores(repeats)) for name, repeats in by_network(stores).items()]
    for family, mechanics, stores in (("A1", mechanics_A1, A1_on_A1), ("A2", mechanics_A2, A2_on_A2)):
        for method, errors in errors_of_mechanics(mechanics, stores[0]).items():
            share = round(float(np.mean(errors < 0.1)), 4)
            rows.append(("", _FAMILY[family], MECHANICS_LABEL[method], share, "", "", 1, 0, len(errors)))
    numbers = {key: accuracy_number(stores) for key, stores in models.items()}
    return Table(rows, numbers, {key: counts_of(stores) for key, stores in models.items()})


def se_ablation(with_se: Predictions, without_se: Predictions) -> Table:
    """The same networks with squeeze-and-excitation blocks and without; gains are paired by repeat."""
    models = {"with_se": with_se, "without_se": without_se}
    rows: list[tuple[Any, ...]] = [("network", "squeeze-and-excitation", *_SCORES)]
    for name, repeats in by_network(with_se).items():
        other = by_network(without_se)[name]
        gain = Number.difference(accuracies(repeats), accuracies(other))
        rows += [(name, "yes", *_scores(repeats)), (name, "no", *_scores(other))]
        rows.append((name, "gain", *_rounded(gain), len(repeats), "", repeats[0].sizes["patch"]))
    numbers = {key: accuracy_number(stores) for key, stores in models.items()}
    return Table(rows, numbers, {key: counts_of(stores) for key, stores in models.items()})


def cross_validation(folds: Predictions) -> Table:
    """Accuracy of every fold of structures, their mean and standard deviation."""
    rows: list[tuple[Any, ...]] = [("network", "fold", "accuracy at 10 %", "labels", "patches scored")]
    for name, repeats in by_network(folds).items():
        values = accuracies(repeats)
        for store, value in zip(repeats, values, strict=True):
            facts = store.attrs
            rows.append((name, facts["repeat"], round(value, 4), facts["labels"], store.sizes["patch"]))
        rows.append((name, "mean", round(float(np.mean(values)), 4), "", ""))
        rows.append((name, "standard deviation", round(float(np.std(values, ddof=1)), 4), "", ""))
    values = accuracies(compared(folds))
    deviation = Number(float(np.std(values, ddof=1)), n=len(values), note=origin_of(compared(folds)))
    return Table(rows, {"mean": accuracy_number(folds), "std": deviation}, {"folds": counts_of(folds)})


def costs_krokos(
    ellipse1: list[Path],
    ellipse3: list[Path],
    strips: list[Path],
    fits: list[Path],
    ellipse1_full: Predictions,
    strip: Predictions,
    point_weights: Predictions,
    bayes_learned: Predictions,
    counts: StructureCounts,
    strip_number: int,
    strip_batch: int,
) -> Table:
    """Wall and CPU seconds of finite elements a structure and of fits, on this machine.

    Args:
        ellipse1, ellipse3, strips: benchmark files of the batches of structures.
        fits: benchmark files of the fits, named `<network>_<model>_repeat<r>.tsv`.
        ellipse1_full, strip, point_weights, bayes_learned: what these fits predict.
        counts, strip_number, strip_batch: how many structures there are in all and in a batch.
    """
    rows: list[tuple[Any, ...]] = [
        ("what", "jobs", "items", "wall s an item", "CPU s an item", "wall s of all", "CPU s of all")
    ]
    for family, files in (("ellipse1", ellipse1), ("ellipse3", ellipse3)):
        number = getattr(counts, family)
        rows.append(_cost_row(f"finite elements, {family}: structures", files, number))
    rows.append(_cost_row("finite elements, strip: structures", strips, strip_number))
    for model in dict.fromkeys(_model_of(path) for path in fits):
        files = [path for path in fits if _model_of(path) == model]
        rows.append(_cost_row(f"fits, {model.replace('_', ', ', 1)}", files, len(files)))
    here = f"one core of a machine with {os.cpu_count()}"
    plates = _hours(ellipse1, _batch_sizes(counts.ellipse1, counts.batch), 500)
    bent = _hours(strips, _batch_sizes(strip_number, strip_batch), 200)
    numbers = {
        "fe_500_structures_h": Number.of(plates, f"{counts.ellipse1} structures, scaled to 500; {here}"),
        "train_28k_600ep_T4_h": _training_hours(ellipse1_full, 28000, 600, here),
        "bnn_over_det": cost_ratio(bayes_learned, point_weights),
        "fe_200_nonlinear_h": Number.of(bent, f"{strip_number} strips, scaled to 200; {here}"),
        "train_nonlinear_300ep_T4_h": _training_hours(strip, 10800, 300, here),
    }
    models = {
        **{"ellipse1_full": ellipse1_full, "strip": strip},
        **{"point_weights": point_weights, "bayes_learned": bayes_learned},
    }
    return Table(rows, numbers, {"cores": os.cpu_count()} | {k: counts_of(v) for k, v in models.items()})


def seconds_of(benchmark: Path) -> Mapping[str, float]:
    """Return wall time ``s`` and ``cpu_time``, in seconds, of a Snakemake benchmark file."""
    with benchmark.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    return {key: float(row[key]) for key in ("s", "cpu_time")}


def _cost_row(what: str, files: Sequence[Path], items: int) -> tuple[Any, ...]:
    times = [seconds_of(path) for path in files]
    wall, cpu = (sum(one[key] for one in times) for key in ("s", "cpu_time"))
    return (what, len(files), items, *(round(value, 2) for value in (wall / items, cpu / items, wall, cpu)))


def _hours(files: Sequence[Path], sizes: Sequence[int], wanted: int) -> list[float]:
    """Return the hours that so many structures would take, by batch."""
    return [wanted / 3600 * seconds_of(path)["s"] / size for path, size in zip(files, sizes, strict=True)]


def _training_hours(stores: Stores, patches: int, epochs: int, here: str) -> Number:
    """Return the hours of fits, scaled to so many patches and epochs."""
    repeats = compared(stores)
    passes = [store.attrs["steps"] * store.attrs["batch"] for store in repeats]
    hours = [
        store.attrs["fit_seconds"] / 3600 * patches * epochs / count
        for store, count in zip(repeats, passes, strict=True)
    ]
    scaled = f"fits of {passes[0]:,} patches in all steps, scaled to {patches:,} in {epochs} epochs"
    return Number.of(hours, f"{scaled}; {here}; {origin_of(repeats)}")


def _model_of(path: Path) -> str:
    return path.name.rpartition("_repeat")[0]


def _batch_sizes(number: int, batch: int) -> list[int]:
    return [min(batch, number - start) for start in range(0, number, batch)]


def _scores(repeats: Stores) -> tuple[Any, ...]:
    number = Number.of(accuracies(repeats))
    return (*_rounded(number), len(repeats), repeats[0].attrs["labels"], repeats[0].sizes["patch"])


def _rounded(number: Number) -> tuple[Any, ...]:
    values = (number.value, number.low, number.high)
    return tuple("" if value is None else round(float(value), 4) for value in values)
