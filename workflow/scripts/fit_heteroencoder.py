# SPDX-License-Identifier: GPL-3.0-or-later
from typing import TYPE_CHECKING

from mesobayes.record.logs import job_log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with job_log(snakemake.log[0], snakemake.threads, gpus=snakemake.resources.get("gpu", 0)):
    from mesobayes.jobs.fit_heteroencoder import fit_heteroencoder
    from mesobayes.learning.damage_fit import DamageFitSettings
    from mesobayes.nets.settings import HeteroencoderSettings
    from mesobayes.record.provenance import job_provenance
    from mesobayes.studies.configuration import grouped
    from mesobayes.studies.failure.fit import Variant
    from mesobayes.studies.failure.target import TransformSettings

    kind = snakemake.wildcards.kind
    fit_heteroencoder(
        specimens=snakemake.input.specimens,
        start=snakemake.input.get("start") or None,
        output=snakemake.output[0],
        variant=Variant(kind, snakemake.wildcards.transform, snakemake.wildcards.weighting),
        fold=int(snakemake.wildcards.fold),
        folds=snakemake.params.folds,
        transform=grouped(TransformSettings, snakemake.params, "target"),
        network=grouped(
            HeteroencoderSettings,
            snakemake.params,
            "network",
            name="modern" if kind == "modern" else "printed",
        ),
        fit=grouped(DamageFitSettings, snakemake.params, "fit"),
        draws=snakemake.params.draws,
        provenance=job_provenance("failure", dict(snakemake.params.items())),
    )
