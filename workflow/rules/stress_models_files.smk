# SPDX-License-Identifier: GPL-3.0-or-later
# The models of the stress study: which files there are, and which a figure needs.

from dataclasses import fields

MODEL_NAMES = [field.name for field in fields(STRESS.models)]


def patches_of_model(wildcards):
    """Return the patches that a model learns from."""
    family = getattr(STRESS.models, wildcards.model).family
    return f"{STRESS_FOLDER}/{family}/patches.zarr.zip"


def structures_of_model(wildcards):
    """Return the structures that a model learns from."""
    family = getattr(STRESS.models, wildcards.model).family
    return f"{STRESS_FOLDER}/{family}/structures.zarr.zip"


def channels_of_model(wildcards):
    """Return the channels of what a model learns from, where its network sees them."""
    return channels_of(
        getattr(STRESS.models, wildcards.model).family, wildcards.network
    )


def channels_to_predict(wildcards):
    """Return the channels of what is predicted, where the network sees them."""
    return channels_of(wildcards.family, wildcards.network)


def structures_to_turn(wildcards):
    """Return the structures of which a model sees turned copies, if it does."""
    model = getattr(STRESS.models, wildcards.model)
    return (
        f"{STRESS_FOLDER}/{model.family}/structures.zarr.zip" if model.rotations else []
    )


def precision_of_network(wildcards):
    """Return the precision of matrix products that the fit of a network asks for."""
    return getattr(STRESS.fits, wildcards.network).precision


def predictions(model, family=None):
    """Return the predictions of every network and repeat of a model, of its own family by default."""
    settings = getattr(STRESS.models, model)
    return [
        f"{STRESS_FOLDER}/predictions/{network}/{model}/{family or settings.family}/repeat{repeat}.zarr.zip"
        for network in settings.networks
        for repeat in range(settings.folds or STRESS.predictions.repeats)
    ]


def mechanics_of(family):
    """Return what mechanics without labels reaches on the patches of a family."""
    return f"{STRESS_FOLDER}/{family}/mechanics.zarr.zip"


def strip_times():
    """Return the benchmark files of the batches of strips."""
    batches = batch_count(STRESS.strips.number, STRESS.strips.batch)
    return [f"{BENCHMARKS}/simulate_strips/{i:04d}.tsv" for i in range(batches)]


def fit_times(*models):
    """Return the benchmark files of the fits of models, for every network and repeat."""
    return [
        f"{BENCHMARKS}/fit_model/{network}_{model}_repeat{repeat}.tsv"
        for model in models
        for network in getattr(STRESS.models, model).networks
        for repeat in range(STRESS.predictions.repeats)
    ]
