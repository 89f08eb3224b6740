# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network a picture is of, and which of its patches: by rules that are printed below the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.metrics.intervals import interval_of_maximum
from mesobayes.metrics.scores import accuracy_at, relative_error
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name

NETWORKS = ("printed", "modern", "local")
THRESHOLD = 0.1  # relative error within which a maximum counts as predicted (section 4.1.3)
Stores = Sequence[xr.Dataset]


class Shown(NamedTuple):
    """The network that a picture is of, and why."""

    network: str
    reason: str


def repeats_of(stores: Stores, network: str) -> list[xr.Dataset]:
    """Stores of one network in the order of their repeats."""
    return sorted((s for s in stores if s.attrs["network"] == network), key=lambda s: s.attrs["repeat"])


def store_of(stores: Stores, network: str) -> xr.Dataset:
    """First repeat of a network."""
    return repeats_of(stores, network)[0]


def accuracy(prediction: xr.Dataset) -> float:
    """Share of patches whose largest stress is predicted within 10 %."""
    return accuracy_at(prediction["mean_max"].values, prediction["true_max"].values, THRESHOLD)


def accuracies(predictions: Stores) -> list[float]:
    """Accuracy of every repeat."""
    return [accuracy(prediction) for prediction in predictions]


def shown_network(predictions: Stores, among: Stores | None = None) -> Shown:
    """First of `NETWORKS` whose mean accuracy lies above the macroscopic stress times one tuned factor.

    Where none does, the most accurate one. The predictions are of the model's own family; only networks that
    have a store `among` those given, where some are, come into question.
    """
    wanted = predictions if among is None else among
    reached = {
        network: float(np.mean(accuracies(found)))
        for network in NETWORKS
        if (found := repeats_of(predictions, network)) and repeats_of(wanted, network)
    }
    baseline = float(np.mean([prediction.attrs["baseline_accuracy"] for prediction in predictions]))
    tuned = f"macro Tresca times one tuned factor ({100 * baseline:.0f} %)"
    for network, share in reached.items():
        if share > baseline:
            first = f"the first of {', '.join(reached)} " if len(reached) > 1 else ""
            return Shown(network, f"{first}above {tuned} with {100 * share:.0f} % of maxima within 10 %")
    best = max(reached, key=lambda network: reached[network])
    within = f"{100 * reached[best]:.0f} % of maxima within 10 %"
    return Shown(best, f"which like every network here is not above {tuned}, with {within}")


def origin(run: Run, store: xr.Dataset, shown: Shown) -> str:
    """Scale, seed, network and fit behind a picture."""
    fit = store.attrs
    examples = f" ({fit['examples']} with turned copies)" if fit["examples"] != fit["labels"] else ""
    return (
        f"{run.label}; network {shown.network}, {shown.reason}; fitted to {fit['labels']} patches{examples} "
        f"in {fit['steps']} steps, repeat {fit['repeat']}"
    )


def relative_errors(prediction: xr.Dataset) -> NDArray:
    """Relative error (patch,) of the largest stress of the posterior mean."""
    return relative_error(prediction["mean_max"].values, prediction["true_max"].values)


class Interval(NamedTuple):
    """Largest stress of every patch with its 95 % interval, over coherent draws; all (patch,).

    Attributes:
        centre: mean of the maxima of the draws.
        half: half width of the interval, 1.96 standard deviations of these maxima.
        error: |centre - truth|.
    """

    centre: NDArray
    half: NDArray
    error: NDArray


def maximum_interval(prediction: xr.Dataset) -> Interval:
    """Return the interval of the largest stress of every patch, in units of the patch scale."""
    low, high = interval_of_maximum(prediction["roi_max"].transpose("draw", "patch").values)
    centre = (low + high) / 2
    return Interval(centre, (high - low) / 2, np.abs(centre - prediction["true_max"].values))


def drawn_among(member: NDArray, number: int, study_seed: str, *name: str | int) -> list[int]:
    """Places of at most so many members (patch,), in an order that follows from seed and name alone."""
    order = rng_from_name(study_seed, "examples", *name).permutation(len(member))
    return [int(place) for place in order[np.asarray(member, bool)[order]][:number]]


def same_patches(stores: Mapping[str, xr.Dataset]) -> None:
    """Refuse predictions of different patches.

    Raises:
        ValueError: they cannot be compared patch by patch.
    """
    numbers = [store["patch"].values for store in stores.values()]
    if not all(np.array_equal(numbers[0], other) for other in numbers[1:]):
        raise ValueError(f"the predictions of {', '.join(stores)} are of different patches")
