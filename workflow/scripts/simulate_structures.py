# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.fem.plate.settings import MeshSettings
    from mesobayes.geometry import PlateFamily
    from mesobayes.jobs.simulate_structures import simulate_structures
    from mesobayes.record.provenance import job_provenance
    from mesobayes.studies.configuration import grouped

    simulate_structures(
        output=snakemake.output[0],
        family=grouped(PlateFamily, snakemake.params, "family", name=snakemake.wildcards.family),
        indices=snakemake.params.indices,
        mesh=grouped(MeshSettings, snakemake.params, "mesh"),
        pixels_per_radius=snakemake.params.pixels_per_radius,
        provenance=job_provenance(f"stress/{snakemake.wildcards.family}", dict(snakemake.params.items())),
    )
