# SPDX-License-Identifier: GPL-3.0-or-later
# Failure of porous bars (Bridgman et al. 2022): specimens -> histories, perturbations, readings,
# then fits and figures in files of their own.


include: "failure_files.smk"
include: "failure_fits.smk"
include: "failure_places.smk"
include: "failure_own.smk"
include: "failure_targets.smk"


wildcard_constraints:
    preset="fast|printed",


rule simulate_specimens:
    """Pull one batch of porous bars to their first failure."""
    output:
        specimens=update("results/{scale}/failure/{preset}/batches/{batch}.zarr.zip"),
    log:
        "logs/{scale}/simulate_specimens/{preset}_{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/simulate_specimens/{preset}_{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(2000),
        runtime=grows(120),
    params:
        **call(
            "mesobayes.studies.failure.data:simulate_specimens",
            preset=wildcard("preset"),
            field=FAILURE.porosity,
            indices=batch_items(SPECIMEN_NUMBERS, FAILURE.specimens.batch),
            maximum_strain=FAILURE.specimens.maximum_strain,
        ),
    message:
        "simulate_specimens: batch {wildcards.batch}, preset {wildcards.preset}"
    shell:
        RUN


rule merge_specimens:
    """Join the batches of specimens."""
    input:
        batches=lambda w: failure_batches(
            f"{w.preset}/batches", SPECIMEN_NUMBERS, FAILURE.specimens.batch
        ),
    output:
        specimens=update("results/{scale}/failure/{preset}/specimens.zarr.zip"),
    log:
        "logs/{scale}/merge_specimens/{preset}.log",
    benchmark:
        "results/{scale}/benchmarks/merge_specimens/{preset}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(8000),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.failure.merge:merge_specimens",
            failed_share_max=FAILURE.specimens.failed_share_max,
        ),
    message:
        "merge_specimens: all specimens of preset {wildcards.preset}"
    shell:
        RUN


rule record_histories:
    """Load the realizations a, b, ... beyond the first failure, to collapse."""
    input:
        specimens=SPECIMENS,
    output:
        histories=update("results/{scale}/failure/{preset}/histories.zarr.zip"),
    log:
        "logs/{scale}/record_histories/{preset}.log",
    benchmark:
        "results/{scale}/benchmarks/record_histories/{preset}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(120),
    params:
        **call(
            "mesobayes.studies.failure.data:record_histories",
            preset=wildcard("preset"),
            number=FAILURE.specimens.histories,
            fields=FAILURE.specimens.history_fields,
            maximum_strain=FAILURE.specimens.history_strain,
            folds=FAILURE.split.folds,
        ),
    message:
        "record_histories: preset {wildcards.preset}"
    shell:
        RUN


rule perturb_specimens:
    """Swap one voxel of a batch of realizations, again and again, and see where they fail."""
    input:
        specimens=SPECIMENS,
    output:
        perturbed=update("results/{scale}/failure/{preset}/perturbed/{batch}.zarr.zip"),
    log:
        "logs/{scale}/perturb_specimens/{preset}_{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/perturb_specimens/{preset}_{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(2000),
        runtime=grows(120),
    params:
        **call(
            "mesobayes.studies.failure.data:perturb_specimens",
            preset=wildcard("preset"),
            realizations=batch_items(REALIZATIONS, FAILURE.perturbed_batch),
            settings=FAILURE.sensitivity,
            maximum_strain=FAILURE.specimens.maximum_strain,
            folds=FAILURE.split.folds,
        ),
    message:
        "perturb_specimens: batch {wildcards.batch} of the realizations"
    shell:
        RUN


rule read_failure:
    """Fail the same specimens under a batch of readings of the model."""
    output:
        readings=update("results/{scale}/failure/readings/{batch}.zarr.zip"),
    log:
        "logs/{scale}/read_failure/{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/read_failure/{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(2000),
        runtime=grows(120),
    params:
        **call(
            "mesobayes.studies.failure.data:read_failure",
            names=batch_items(READINGS, FAILURE.readings_batch),
            field=FAILURE.porosity,
            number=FAILURE.specimens.readings,
            maximum_strain=FAILURE.specimens.maximum_strain,
        ),
    message:
        "read_failure: batch {wildcards.batch} of the readings"
    shell:
        RUN
