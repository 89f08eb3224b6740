# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.fig_bridgman import draw_figure
    from mesobayes.record.provenance import job_provenance

    draw_figure(
        slug="failure_readings",
        inputs=dict(snakemake.input.items()),
        registry=snakemake.params.registry,
        pdf=snakemake.output.pdf,
        png=snakemake.output.png,
        record=snakemake.output.json,
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
