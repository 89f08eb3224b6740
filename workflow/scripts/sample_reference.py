# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.jobs.sample_reference import sample_reference
    from mesobayes.record.provenance import job_provenance
    from mesobayes.studies.configuration import grouped
    from mesobayes.studies.failure.reference import ReferenceSettings
    from mesobayes.studies.failure.target import TransformSettings

    sample_reference(
        specimens=snakemake.input[0],
        output=snakemake.output[0],
        folds=snakemake.params.folds,
        transform=grouped(TransformSettings, snakemake.params, "target"),
        settings=grouped(ReferenceSettings, snakemake.params, "reference"),
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
