# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.table_reproduction import table_reproduction

    table_reproduction(
        registry=snakemake.params.registry,
        records=snakemake.input.records,
        csv=snakemake.output.csv,
        pdf=snakemake.output.pdf,
    )
