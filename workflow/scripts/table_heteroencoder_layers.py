# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.table_bridgman import write_table
    from mesobayes.record.provenance import job_provenance

    write_table(
        slug="heteroencoder_layers",
        registry=snakemake.params.registry,
        path=snakemake.output.csv,
        record=snakemake.output.json,
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
