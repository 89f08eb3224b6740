# SPDX-License-Identifier: GPL-3.0-or-later
# Intervals of predicted stresses: which predictions are calibrated, and on which family.

# of which model their members are, beside the models of the configuration; the first costs one fit
ENSEMBLES = {"ensemble": "quarter", "ensemble_full": "some_labels"}
LABEL_SERIES = ("few_labels", "some_labels", "bayes_full")


def trained_on(fitted):
    """Return the family that a model, or the members of the ensemble, learn from."""
    return getattr(STRESS.models, ENSEMBLES.get(fitted, fitted)).family


def predictions_of_members(wildcards):
    """Return the predictions of the members of an ensemble."""
    model = ENSEMBLES[wildcards.ensemble]
    folder = (
        f"{STRESS_FOLDER}/predictions/{wildcards.network}/{model}/{wildcards.family}"
    )
    return [
        f"{folder}/repeat{repeat}.zarr.zip"
        for repeat in range(STRESS.intervals.members)
    ]


def prediction_at_home(wildcards):
    """Return the prediction whose structures calibrate; none where they are the ones that are scored."""
    home = trained_on(wildcards.fitted)
    if wildcards.family == home:
        return []
    return f"{STRESS_FOLDER}/predictions/{wildcards.network}/{wildcards.fitted}/{home}/repeat{wildcards.repeat}.zarr.zip"


def calibrations(fitted, family, repeats):
    """Return the calibrations of the modern network, fitted so, on a family."""
    folder = f"{STRESS_FOLDER}/calibration/modern/{fitted}/{family}"
    return [f"{folder}/repeat{repeat}.zarr.zip" for repeat in range(repeats)]


def prediction_of_ensemble(name):
    """Return what an ensemble of the modern network predicts of its members' family."""
    return (
        f"{STRESS_FOLDER}/predictions/modern/{name}/{trained_on(name)}/repeat0.zarr.zip"
    )
