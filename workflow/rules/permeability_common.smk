# SPDX-License-Identifier: GPL-3.0-or-later
# Which files the permeability study consists of: read from the configuration, so that the whole DAG is known at once.

PERMEABILITY = SETTINGS.permeability
PERMEABILITY_FOLDER = f"{RESULTS}/permeability"
# fit -> family of its cells, record of its network and optimiser, fit whose weights it starts from
PERMEABILITY_FITS = {
    "mono_printed": ("mono", "printed", None),
    "mono_modern": ("mono", "modern", None),
    "mono_bayes": ("mono", "bayes", None),
    "poly_scratch": ("poly", "printed", None),
    "poly_transfer": ("poly", "printed", "mono_printed"),
    "poly_modern_scratch": ("poly", "modern", None),
    "poly_modern_transfer": ("poly", "modern", "mono_modern"),
    "overlap_scratch": ("overlap", "printed", None),
    "overlap_transfer": ("overlap", "printed", "mono_printed"),
    "overlap_modern_scratch": ("overlap", "modern", None),
    "overlap_modern_transfer": ("overlap", "modern", "mono_modern"),
    "spheres_printed": ("spheres", "printed_volume", None),
    "spheres_modern": ("spheres", "modern_volume", None),
}


def cells_store(family):
    """Return the data set of a family."""
    return f"{PERMEABILITY_FOLDER}/{family}/cells.zarr.zip"


def permeability_fit(name):
    """Return the predictions of a fit on its test cells."""
    return f"{PERMEABILITY_FOLDER}/fits/{name}.zarr.zip"


def permeability_network(name):
    """Return the weights of a fit."""
    return f"{PERMEABILITY_FOLDER}/fits/{name}.network.npz"


def cell_batches(wildcards):
    """Return the batch files of a family."""
    cells = getattr(PERMEABILITY.cells, wildcards.cells)
    return [
        f"{PERMEABILITY_FOLDER}/{wildcards.cells}/batches/{i:04d}.zarr.zip"
        for i in range(-(-cells.number // cells.batch))
    ]


def cell_indices(wildcards):
    """Return the numbers of the cells in one batch."""
    cells = getattr(PERMEABILITY.cells, wildcards.cells)
    start = int(wildcards.batch) * cells.batch
    return list(range(start, min(start + cells.batch, cells.number)))


def components_of(family):
    """Return how many components of the tensor are computed: in 3-D the first only, as printed."""
    return 2 if getattr(PERMEABILITY.families, family).dimension == 2 else 1


def cells_of_fit(wildcards):
    """Return the data set that a fit learns from."""
    return cells_store(PERMEABILITY_FITS[wildcards.fit][0])


def start_of_fit(wildcards):
    """Return the weights that a fit starts from; none for a new network."""
    start = PERMEABILITY_FITS[wildcards.fit][2]
    return [] if start is None else permeability_network(start)


def by_fit(prefix, records):
    """Return parameters ``{prefix}_{field}`` of the record that the wildcard ``fit`` names."""
    return {
        f"{prefix}_{field.name}": lambda wildcards, name=field.name: getattr(
            getattr(records, PERMEABILITY_FITS[wildcards.fit][1]), name
        )
        for field in dataclasses.fields(records.printed)
    }


def epochs_of_fit(wildcards):
    """Return the length of a fit: that of the transfer study for its two families."""
    family, kind, _ = PERMEABILITY_FITS[wildcards.fit]
    if family in ("poly", "overlap"):
        return PERMEABILITY.transfer_epochs
    return getattr(PERMEABILITY.fits, kind).epochs


def image_to_predict(wildcards):
    """Return the user's image of that name in ``inputs``, whatever its format."""
    found = [
        path
        for ending in ("png", "tif", "tiff", "npy", "zarr.zip", "zarr")
        if (path := Path(f"inputs/{wildcards.name}.{ending}")).exists()
    ]
    if len(found) != 1:
        what = (
            "none is there" if not found else f"{', '.join(map(str, found))} are there"
        )
        raise MesobayesError(
            f"results/predict/{wildcards.name}.json needs one image inputs/{wildcards.name}.png, .tif, .tiff, "
            f".npy, .zarr.zip or .zarr: {what}"
        )
    return str(found[0])
