# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.runlog import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.images.damage import TransformSettings
    from mesobayes.jobs.sample_reference import sample_reference
    from mesobayes.provenance import job_provenance
    from mesobayes.settings import grouped
    from mesobayes.studies.reference_posterior import ReferenceSettings

    sample_reference(
        specimens=snakemake.input[0],
        output=snakemake.output[0],
        folds=snakemake.params.folds,
        transform=grouped(TransformSettings, snakemake.params, "target"),
        settings=grouped(ReferenceSettings, snakemake.params, "reference"),
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
