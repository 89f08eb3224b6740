# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.collect_selective import collect_selective
    from mesobayes.record.provenance import job_provenance

    collect_selective(
        fits=snakemake.input.fits,
        patches=snakemake.input.patches,
        output=snakemake.output[0],
        provenance=job_provenance("stress/selective", dict(snakemake.params.items())),
    )
