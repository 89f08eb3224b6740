# SPDX-License-Identifier: GPL-3.0-or-later
# Failure of porous bars: which files there are, and which a rule needs.

from dataclasses import replace

from mesobayes.studies.failure.place_settings import RANKERS
from mesobayes.studies.failure.settings import LETTERS, READINGS, TRANSFORMS, WEIGHTINGS

FAILURE = SETTINGS.failure
STARTED = ("bayes", "longer")  # kinds that go on from a deterministic fit
FAILURE_FOLDER = f"{RESULTS}/failure"
SPECIMENS = f"{FAILURE_FOLDER}/fast/specimens.zarr.zip"
SPECIMEN_NUMBERS = range(FAILURE.specimens.number)
REALIZATIONS = range(len(LETTERS))  # a to l in figure 4
# the twelve models of section 4.2, the logistic weighting of figure 7, and what goes beyond the paper
GRID = [
    f"point_{transform}_{weighting}"
    for transform in TRANSFORMS
    for weighting in WEIGHTINGS
]
BEYOND = [
    "point_t_logistic",
    "bayes_t_uniform",
    "bayes_t_IH",
    "longer_t_uniform",
    "longer_t_IH",
    "modern_t_uniform",
    "modern_t_IHpr",
]
BASELINES = [
    f"baseline_{transform}_{weighting}"
    for transform in TRANSFORMS
    for weighting in WEIGHTINGS
]


def failure_batches(folder, items, size):
    """Return the stores that some items fill, so many in each."""
    return [
        f"{FAILURE_FOLDER}/{folder}/{batch:04d}.zarr.zip"
        for batch in range(batch_count(len(items), size))
    ]


def damage_fit(variant, fold):
    """Return the store of one fit."""
    return f"{FAILURE_FOLDER}/fits/{variant}/fold{fold}.zarr.zip"


def fitted_weights(variant, fold):
    """Return the store of the weights of one fit."""
    return f"{FAILURE_FOLDER}/fits/{variant}/weights{fold}.zarr.zip"


def fits_of_variant(variant):
    """Return the fits that a model is scored by; those beyond the paper's grid may have fewer folds."""
    split = FAILURE.split
    everywhere = variant in GRID + BASELINES
    folds = split.folds if everywhere else split.folds_beyond
    return [damage_fit(variant, fold) for fold in range(folds)]


def network_of(wildcards):
    """Return the network of a kind of model; a longer fit is one with point weights."""
    return getattr(FAILURE.networks, wildcards.kind.replace("longer", "point"))


def fit_of(wildcards):
    """Return how a kind of model is fitted; a longer fit is compared with a Bayesian one, and fitted as that."""
    return getattr(FAILURE.fits, wildcards.kind.replace("longer", "bayes"))


def steps_before(wildcards):
    """Return the steps of the fit that a model starts from."""
    starts = wildcards.kind in STARTED
    return FAILURE.fits.point.steps if starts else 0


def deterministic_start(wildcards):
    """Return the weights of the deterministic fit that a variational or a longer one starts from."""
    if wildcards.kind not in STARTED:
        return []
    return fitted_weights(
        f"point_{wildcards.transform}_{wildcards.weighting}", wildcards.fold
    )


def variant_of(wildcards):
    """Return the model that the wildcards name."""
    return {name: wildcards[name] for name in ("transform", "weighting")}


def scores(*variants):
    """Return the score stores of some models."""
    return [f"{FAILURE_FOLDER}/scores/{variant}.zarr.zip" for variant in variants]


def ranked_folds(ranker):
    """Return what a ranker says of the test specimens, one store a fold."""
    folds = range(FAILURE.split.folds)
    return [f"{FAILURE_FOLDER}/ranked/{ranker}/fold{fold}.zarr.zip" for fold in folds]


def rival_specimens(wildcards):
    """Return how many specimens a rival simulation is run on."""
    rivals = FAILURE.rivals
    return (
        rivals.printed_specimens if wildcards.preset == "printed" else rivals.specimens
    )


def other_bars():
    """Return the law of the pores of bars of another size."""
    rivals = FAILURE.rivals
    return replace(
        FAILURE.porosity, shape=rivals.other_shape, porosity=rivals.other_porosity
    )


def volume_to_predict(wildcards):
    """Return the user's volume of that name in ``inputs``, whatever its format."""
    return user_image(
        wildcards.name,
        "mesobayes.studies.failure.own_reading:read_own_bar",
        FAILURE.own,
    )


def hash_of_volume(wildcards):
    """Return a hash of the content of that volume."""
    return content_hash(volume_to_predict(wildcards))
