# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.record_histories import record_histories
    from mesobayes.record.provenance import job_provenance

    record_histories(
        specimens=snakemake.input[0],
        output=snakemake.output[0],
        preset=snakemake.wildcards.preset,
        number=snakemake.params.number,
        fields=snakemake.params.fields,
        maximum_strain=snakemake.params.maximum_strain,
        folds=snakemake.params.folds,
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
