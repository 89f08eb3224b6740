# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.fig_aldakheel import draw_figure
    from mesobayes.record.provenance import job_provenance

    draw_figure(
        slug="mlp",
        inputs=dict(snakemake.input.items()),
        materials=(snakemake.params.matrix, snakemake.params.inclusion),
        registry=snakemake.params.registry,
        pdf=snakemake.output.pdf,
        png=snakemake.output.png,
        record=snakemake.output.json,
        provenance=job_provenance("permeability", dict(snakemake.params.items())),
    )
