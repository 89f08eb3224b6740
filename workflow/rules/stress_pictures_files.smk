# SPDX-License-Identifier: GPL-3.0-or-later
# Patches and whole structures to look at: which files there are.


def shown(model):
    """Return the whole patches of every network of a model."""
    settings = getattr(STRESS.models, model)
    return [
        f"{STRESS_FOLDER}/shown/{network}/{model}/{settings.family}.zarr.zip"
        for network in settings.networks
    ]


def stitched(model, index=0):
    """Return a whole structure, the same one by every network of a model."""
    settings = getattr(STRESS.models, model)
    return [
        f"{STRESS_FOLDER}/stitched/{network}/{model}/{settings.family}_{index}.zarr.zip"
        for network in settings.networks
    ]
