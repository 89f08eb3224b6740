# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.merge_structures import merge_structures
    from mesobayes.record.provenance import job_provenance

    merge_structures(
        batches=snakemake.input.batches,
        label_noise=snakemake.input.label_noise,
        failed_share_max=snakemake.params.failed_share_max,
        output=snakemake.output[0],
        provenance=job_provenance(f"stress/{snakemake.wildcards.family}", dict(snakemake.params.items())),
    )
