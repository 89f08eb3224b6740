# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads):
    from mesobayes.geometry.porosity import PorosityField
    from mesobayes.jobs.read_failure import read_failure
    from mesobayes.record.provenance import job_provenance

    read_failure(
        output=snakemake.output[0],
        readings=snakemake.params.indices,
        field=PorosityField(
            (snakemake.params.porosity_nx, snakemake.params.porosity_ny, snakemake.params.porosity_nz),
            snakemake.params.porosity_porosity,
            snakemake.params.porosity_correlation_length,
            snakemake.params.porosity_energy,
        ),
        number=snakemake.params.number,
        maximum_strain=snakemake.params.maximum_strain,
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
