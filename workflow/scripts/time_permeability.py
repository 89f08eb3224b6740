# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.time_permeability import time_permeability
    from mesobayes.record.provenance import job_provenance

    params = snakemake.params
    time_permeability(
        cells=snakemake.input.cells,
        networks={"printed": snakemake.input.printed, "modern": snakemake.input.modern},
        output=snakemake.output[0],
        images=params.images,
        matrix=params.matrix,
        inclusion=params.inclusion,
        tolerance=params.tolerance,
        provenance=job_provenance("permeability/timing", dict(params.items())),
    )
