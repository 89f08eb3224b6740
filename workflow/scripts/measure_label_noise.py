# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.fem.plate.settings import MeshSettings
    from mesobayes.geometry import PlateFamily
    from mesobayes.jobs.measure_label_noise import measure_label_noise
    from mesobayes.record.provenance import job_provenance
    from mesobayes.studies.configuration import grouped

    measure_label_noise(
        output=snakemake.output[0],
        family=grouped(PlateFamily, snakemake.params, "family", name=snakemake.wildcards.family),
        structures=snakemake.params.structures,
        mesh=grouped(MeshSettings, snakemake.params, "mesh"),
        refinement=snakemake.params.refinement,
        pixels_per_radius=snakemake.params.pixels_per_radius,
        provenance=job_provenance(f"stress/{snakemake.wildcards.family}", dict(snakemake.params.items())),
    )
