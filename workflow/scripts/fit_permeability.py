# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.get("gpu", 0)):
    from mesobayes.jobs.fit_permeability import NetworkChoice, fit_permeability
    from mesobayes.learning.regression import RegressionSettings
    from mesobayes.record.provenance import job_provenance
    from mesobayes.studies.configuration import grouped
    from mesobayes.studies.permeability.fit import SplitSettings

    params = snakemake.params
    fit_permeability(
        cells=snakemake.input.cells,
        start=snakemake.input.get("start") or None,
        output=snakemake.output.fit,
        network_output=snakemake.output.network,
        checkpoint=params.checkpoint,
        name=snakemake.wildcards.fit,
        network=grouped(NetworkChoice, params, "network"),
        settings=grouped(RegressionSettings, params, "fit"),
        split=SplitSettings(params.validation, params.test),
        draws=params.draws,
        provenance=job_provenance("permeability/fits", dict(params.items())),
    )
