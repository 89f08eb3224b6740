# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.merge_cells import merge_cells
    from mesobayes.record.provenance import job_provenance

    merge_cells(
        batches=list(snakemake.input),
        output=snakemake.output[0],
        provenance=job_provenance(
            f"permeability/{snakemake.wildcards.cells}", dict(snakemake.params.items())
        ),
    )
