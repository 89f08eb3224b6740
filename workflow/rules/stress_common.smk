# SPDX-License-Identifier: GPL-3.0-or-later
# Which files the stress study consists of: read from the configuration, so that the whole DAG is known at once.

STRESS = SETTINGS.stress
CHAIN = STRESS.selective
ROI_RADII = 8  # edge of the region of interest, Krokos et al. 2022, section 4.1
PATCHES = f"results/{{scale}}/stress/{CHAIN.family}/patches.zarr.zip"


def structure_batches(wildcards):
    """Return the batch files of a family."""
    structures = getattr(STRESS.structures, wildcards.family)
    count = -(-structures // STRESS.structures.batch)
    return [
        f"{RESULTS}/stress/{wildcards.family}/batches/{i:04d}.zarr.zip"
        for i in range(count)
    ]


def batch_indices(wildcards):
    """Return the numbers of the structures in one batch."""
    structures, size = (
        getattr(STRESS.structures, wildcards.family),
        STRESS.structures.batch,
    )
    start = int(wildcards.batch) * size
    return list(range(start, min(start + size, structures)))


def fit_path(network, acquisition, repeat, query):
    """Return the store of one fit; query 0 of a repeat belongs to all acquisitions."""
    chain = "initial" if query == 0 else acquisition
    return f"{RESULTS}/stress/selective/{network}/{chain}/repeat{repeat}/query{query}.zarr.zip"


def previous_fit(wildcards):
    """Return the fit that a fit goes on from; none for the first."""
    if int(wildcards.query) == 0:
        return []
    return fit_path(
        wildcards.network,
        wildcards.acquisition,
        wildcards.repeat,
        int(wildcards.query) - 1,
    )


def all_fits(wildcards):
    """Return every fit of the experiment, once each."""
    paths = [
        fit_path(network, acquisition, repeat, query)
        for network in ("printed", "modern")
        for acquisition in getattr(CHAIN.acquisitions, network)
        for repeat in range(CHAIN.repeats)
        for query in range(CHAIN.queries + 1)
    ]
    return list(dict.fromkeys(paths))


def patches_mem_mb(wildcards, attempt):
    """Return the memory of a job that holds the patches: their size three times (read, cut, scaled), a base, more at a retry."""
    structures = max(STRESS.structures.ellipse1, STRESS.structures.ellipse3)
    patch = (
        (18 * STRESS.pixels_per_radius) ** 2 * 6 * 4
    )  # five channels and the target, single precision
    return attempt * (3000 + 3 * structures * 81 * patch // 10**6)
