# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.merge_specimens import merge_specimens
    from mesobayes.record.provenance import job_provenance

    merge_specimens(
        batches=list(snakemake.input),
        failed_share_max=snakemake.params.failed_share_max,
        output=snakemake.output[0],
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
