# SPDX-License-Identifier: GPL-3.0-or-later
# Patches and whole structures to look at: which files there are.


def image_networks(model):
    """Return the networks of a model that see images: those of single pixels are not shown patch by patch."""
    networks = getattr(STRESS.models, model).networks
    return [
        network
        for network in networks
        if not isinstance(getattr(STRESS.networks, network), LocalNetworkSettings)
    ]


def shown(model):
    """Return the whole patches of every network of a model."""
    settings = getattr(STRESS.models, model)
    return [
        f"{STRESS_FOLDER}/shown/{network}/{model}/{settings.family}.zarr.zip"
        for network in image_networks(model)
    ]


def stitched(model, index=0):
    """Return a whole structure, the same one by every network of a model."""
    settings = getattr(STRESS.models, model)
    return [
        f"{STRESS_FOLDER}/stitched/{network}/{model}/{settings.family}_{index}.zarr.zip"
        for network in settings.networks
    ]
