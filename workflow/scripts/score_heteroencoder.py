# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.score_heteroencoder import score_heteroencoder
    from mesobayes.record.provenance import job_provenance

    score_heteroencoder(
        fits=list(snakemake.input),
        output=snakemake.output[0],
        cluster_specimens=snakemake.params.cluster_specimens,
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
