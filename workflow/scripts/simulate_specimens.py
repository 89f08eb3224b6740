# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.get("gpu", 0)):
    from mesobayes.geometry.porosity import PorosityField
    from mesobayes.jobs.simulate_specimens import simulate_specimens
    from mesobayes.record.provenance import job_provenance

    simulate_specimens(
        output=snakemake.output[0],
        preset=snakemake.wildcards.preset,
        field=PorosityField(
            (snakemake.params.porosity_nx, snakemake.params.porosity_ny, snakemake.params.porosity_nz),
            snakemake.params.porosity_porosity,
            snakemake.params.porosity_correlation_length,
            snakemake.params.porosity_energy,
        ),
        indices=snakemake.params.indices,
        maximum_strain=snakemake.params.maximum_strain,
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
