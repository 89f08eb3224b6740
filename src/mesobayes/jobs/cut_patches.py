# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: cut all structures of a family into patches."""

from __future__ import annotations

from pathlib import Path

from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.patches import cut_patches as cut


def cut_patches(
    structures: Path | str,
    output: Path | str,
    pixels_per_radius: int,
    validation_structures: int,
    provenance: Provenance,
) -> None:
    """Write the patches of all good structures, split by structure into training and validation."""
    names = ("geometry", "coverage", "macro_stress", "micro_stress", "strain", "status")
    data = open_store(
        structures,
        "stress/structures",
        variables=names,
        finite=("coverage", "macro_stress", "micro_stress", "strain"),
        sample_id="structure",
    )
    patches = cut(data, pixels_per_radius, validation_structures, provenance.seed)
    noise = {key: value for key, value in data.attrs.items() if key.startswith("label_noise")}
    held_out = int(patches["split"].sum())
    print(f"{patches.sizes['patch'] - held_out} patches for training, {held_out} for validation", flush=True)
    write_store(patches.assign_attrs(noise), output, "stress/patches", provenance)
