# SPDX-License-Identifier: GPL-3.0-or-later
# Permeability of two-phase cells: which files there are, and which a rule needs.

from mesobayes.studies.permeability.settings import FITS, SEPARATE

CURVES = ("mono", "poly", "overlap", "spheres")  # families with a label curve
SHIFTED = (
    "mono",
    "poly",
    "overlap",
)  # families that models of the first one are tried on
COVERED = ("modern", "bayes", "contacts", "stopped")  # models whose intervals are tried
OWN_FITS = (  # fits whose intervals are tried on their own family
    *("mono_modern", "mono_bayes", "mono_contacts", "mono_stopped"),
    *("poly_modern_transfer", "poly_contacts", "poly_stopped"),
    *("overlap_modern_transfer", "overlap_stopped"),
    *("spheres_modern", "spheres_contacts", "spheres_stopped"),
)

PERMEABILITY = SETTINGS.permeability
PERMEABILITY_FOLDER = f"{RESULTS}/permeability"
PERMEABILITY_FIGURES = "mesobayes.studies.permeability.figures"


def cells_store(family):
    """Return the data set of a family."""
    return f"{PERMEABILITY_FOLDER}/{family}/cells.zarr.zip"


def permeability_fit(name):
    """Return the predictions of a fit on its test cells."""
    return f"{PERMEABILITY_FOLDER}/fits/{name}.zarr.zip"


def permeability_weights(name):
    """Return the weights of a fit."""
    return f"{PERMEABILITY_FOLDER}/fits/{name}.weights.zarr.zip"


def mechanics_store(family):
    """Return what mechanics tells of the cells of a family."""
    return f"{PERMEABILITY_FOLDER}/{family}/mechanics.zarr.zip"


def curve_store(family):
    """Return the label curves of a family."""
    return f"{PERMEABILITY_FOLDER}/{family}/curve.zarr.zip"


def costs_store(family):
    """Return what a label of a family costs, and what replaces it."""
    return f"{PERMEABILITY_FOLDER}/{family}/costs.zarr.zip"


def contact_network_of(wildcards):
    """Return the network of conductances of a family; none where inclusions cannot be told apart."""
    family = wildcards.cells
    return PERMEABILITY.contacts_of(family) if family in SEPARATE else None


def permeability_fits(**names):
    """Return the predictions of several fits by the names that a figure gives them."""
    return {key: permeability_fit(name) for key, name in names.items()}


def models_of_images(separate, network, any_shape):
    """Return what predicts a user's image: network, conductances and stopped solver, each of a family."""
    contacts = f"{separate}_contacts"
    return [
        *(permeability_fit(network), permeability_weights(network)),
        *(permeability_fit(contacts), permeability_weights(contacts)),
        permeability_fit(f"{any_shape}_stopped"),
    ]


def cell_batches(wildcards):
    """Return the batch files of a family."""
    cells = getattr(PERMEABILITY.cells, wildcards.cells)
    return [
        f"{PERMEABILITY_FOLDER}/{wildcards.cells}/batches/{i:04d}.zarr.zip"
        for i in range(batch_count(cells.number, cells.batch))
    ]


def cells_of_batch(wildcards):
    """Return the numbers of the cells in one batch."""
    cells = getattr(PERMEABILITY.cells, wildcards.cells)
    return batch_items(range(cells.number), cells.batch)(wildcards)


def cells_of_fit(wildcards):
    """Return the data set that a fit learns from."""
    return cells_store(FITS[wildcards.fit].cells)


def start_of_fit(wildcards):
    """Return the weights that a fit goes on from; none for a new network."""
    start = FITS[wildcards.fit].start
    return [] if start is None else permeability_weights(start)


def image_to_predict(wildcards):
    """Return the user's image of that name in ``inputs``, whatever its format."""
    return user_image(
        wildcards.name,
        "mesobayes.images.user_image:read_two_phase_image",
        PERMEABILITY.own.pixels_max,
        "inclusions",
        PERMEABILITY.own.threshold,
    )


def hash_of_image(wildcards):
    """Return a hash of the content of that image."""
    return content_hash(image_to_predict(wildcards))
