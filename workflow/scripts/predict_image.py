# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.predict_image import predict_image
    from mesobayes.record.provenance import job_provenance

    predict_image(
        image=snakemake.input.image,
        square=snakemake.input.square,
        volume=snakemake.input.volume,
        output=snakemake.output[0],
        draws=snakemake.params.draws,
        pixels_max=snakemake.params.pixels_max,
        provenance=job_provenance("permeability/predict", dict(snakemake.params.items())),
    )
