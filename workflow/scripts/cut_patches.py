# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.cut_patches import cut_patches
    from mesobayes.record.provenance import job_provenance

    cut_patches(
        structures=snakemake.input[0],
        output=snakemake.output[0],
        pixels_per_radius=snakemake.params.pixels_per_radius,
        validation_structures=snakemake.params.validation_structures,
        provenance=job_provenance(f"stress/{snakemake.wildcards.family}", dict(snakemake.params.items())),
    )
