# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.get("gpu", 0)):
    from mesobayes.jobs.fit_selective import fit_selective
    from mesobayes.learning.settings import FitSettings
    from mesobayes.nets.settings import StressNetworkSettings
    from mesobayes.record.provenance import job_provenance
    from mesobayes.studies.configuration import grouped
    from mesobayes.studies.stress.fit import ChainSettings

    fit_selective(
        patches=snakemake.input.patches,
        previous=snakemake.input.get("previous") or None,
        output=snakemake.output[0],
        checkpoint=snakemake.params.checkpoint,
        acquisition=snakemake.wildcards.acquisition,
        repeat=int(snakemake.wildcards.repeat),
        query=int(snakemake.wildcards.query),
        chain=grouped(ChainSettings, snakemake.params, "chain"),
        network=grouped(StressNetworkSettings, snakemake.params, "network", name=snakemake.wildcards.network),
        settings=grouped(FitSettings, snakemake.params, "fit"),
        provenance=job_provenance("stress/selective", dict(snakemake.params.items())),
    )
