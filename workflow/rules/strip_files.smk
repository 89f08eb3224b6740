# SPDX-License-Identifier: GPL-3.0-or-later
# Strips at finite strain: which files there are.

STRIPS = STRESS.strips
STRIP_FOLDER = f"{STRESS_FOLDER}/strip"


def strip_batches():
    """Return the batch files of the strips."""
    return [
        f"{STRIP_FOLDER}/batches/{i:04d}.zarr.zip"
        for i in range(batch_count(STRIPS.number, STRIPS.batch))
    ]


def strip_patches_mem_mb(wildcards):
    """Return the memory of a job that holds the patches or the images of all strips."""
    patches = STRIPS.number * STRIPS.patches_per_structure
    patch = (18 * STRESS.pixels_per_radius) ** 2 * 6 * 4
    image = STRIPS.family.length * STRIPS.pixels_per_unit**2 * 14 * 4
    return int(2000 + (3 * patches * patch + 3 * STRIPS.number * image) / 1e6)
