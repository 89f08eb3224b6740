# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.get("gpu", 0)):
    from mesobayes.jobs.perturb_specimens import perturb_specimens
    from mesobayes.record.provenance import job_provenance
    from mesobayes.studies.configuration import grouped
    from mesobayes.studies.failure.specimens import SensitivitySettings

    perturb_specimens(
        specimens=snakemake.input[0],
        output=snakemake.output[0],
        realizations=snakemake.params.indices,
        settings=grouped(SensitivitySettings, snakemake.params, "sensitivity"),
        preset=snakemake.wildcards.preset,
        maximum_strain=snakemake.params.maximum_strain,
        folds=snakemake.params.folds,
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
