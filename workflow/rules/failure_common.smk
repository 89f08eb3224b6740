# SPDX-License-Identifier: GPL-3.0-or-later
# Which files the failure study consists of: read from the configuration, so that the whole DAG is known at once.

FAILURE = SETTINGS.failure
FAILURE_FOLDER = f"{RESULTS}/failure"
SPECIMENS = f"{FAILURE_FOLDER}/fast/specimens.zarr.zip"
SPECIMEN_NUMBERS = range(FAILURE.specimens.number)
READINGS = ("printed", "bbar", "one_point", "fast", "bbar_m5", "fast_phi0_text")
REALIZATIONS = range(12)  # a to l in figure 4
# the twelve models of section 4.2, the logistic weighting of figure 7, and what goes beyond the paper
GRID = [
    f"point_{transform}_{weighting}"
    for transform in ("id", "sigma", "g", "t")
    for weighting in ("uniform", "IH", "IHpr")
]
BEYOND = [
    "point_t_logistic",
    "bayes_t_uniform",
    "bayes_t_IH",
    "modern_t_uniform",
    "modern_t_IHpr",
]
BASELINES = [f"baseline_{transform}_uniform" for transform in ("id", "sigma", "g", "t")]


def batch_files(folder, items, size):
    """Return the stores that some items fill, so many in each."""
    return [
        f"{FAILURE_FOLDER}/{folder}/{batch:04d}.zarr.zip"
        for batch in range(-(-len(items) // size))
    ]


def batch_items(items, size):
    """Return a function that picks the items of the batch that a wildcard numbers."""

    def pick(wildcards):
        start = int(wildcards.batch) * size
        return list(items[start : start + size])

    return pick


def specimen_batches(wildcards):
    """Return the batch files of all specimens."""
    folder = f"{wildcards.preset}/batches"
    return batch_files(folder, SPECIMEN_NUMBERS, FAILURE.specimens.batch)


def damage_fit(variant, fold):
    """Return the store of one fit."""
    return f"{FAILURE_FOLDER}/fits/{variant}/fold{fold}.zarr.zip"


def fits_of_variant(wildcards):
    """Return the fits that one model is scored by; those beyond the paper's grid may have fewer folds."""
    everywhere = wildcards.variant in GRID + BASELINES
    folds = FAILURE.folds if everywhere else min(FAILURE.folds, FAILURE.folds_beyond)
    return [damage_fit(wildcards.variant, fold) for fold in range(folds)]


def deterministic_start(wildcards):
    """Return the deterministic fit that a variational one starts from."""
    if wildcards.kind != "bayes":
        return []
    return damage_fit(
        f"point_{wildcards.transform}_{wildcards.weighting}", wildcards.fold
    )


def scores(variants):
    """Return the score stores of some models."""
    return [f"{FAILURE_FOLDER}/scores/{variant}.zarr.zip" for variant in variants]


def settings_of_kind(records):
    """Return a picker of the record of a network kind; the baseline has none and borrows one."""

    def pick(wildcards):
        return getattr(
            records, "point" if wildcards.kind == "baseline" else wildcards.kind
        )

    return pick


def by_kind(prefix, records):
    """Return parameters ``{prefix}_{field}`` of the record that the wildcard ``kind`` names."""
    pick = settings_of_kind(records)
    return {
        f"{prefix}_{field.name}": lambda wildcards, name=field.name: getattr(
            pick(wildcards), name
        )
        for field in dataclasses.fields(records.point)
    }
