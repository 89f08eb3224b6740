# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.get("gpu", 0)):
    from mesobayes.geometry.inclusions import InclusionFamily
    from mesobayes.jobs.generate_cells import generate_cells
    from mesobayes.record.provenance import job_provenance
    from mesobayes.studies.configuration import grouped

    params, cells = snakemake.params, snakemake.wildcards.cells
    generate_cells(
        output=snakemake.output[0],
        family=grouped(InclusionFamily, params, "family", name=cells, side=params.side),
        indices=params.indices,
        matrix=params.matrix,
        inclusion=params.inclusion,
        tolerance=params.tolerance,
        components=params.components,
        provenance=job_provenance(f"permeability/{cells}", dict(params.items())),
    )
