# SPDX-License-Identifier: GPL-3.0-or-later
# Failure of porous bars (Bridgman et al. 2022): specimens -> histories, perturbations -> fits -> scores -> figures.


wildcard_constraints:
    preset="fast|printed",
    variant="|".join(GRID + BEYOND + BASELINES),
    kind="point|bayes|modern|baseline",
    transform="id|sigma|g|t",
    weighting="uniform|logistic|IH|IHpr",
    fold=r"\d+",


rule simulate_specimens:
    """Pull one batch of porous bars to their first failure."""
    output:
        "results/{scale}/failure/{preset}/batches/{batch}.zarr.zip",
    log:
        "logs/{scale}/simulate_specimens/{preset}_{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/simulate_specimens/{preset}_{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        **flat("porosity", FAILURE.porosity),
        code=code_hash("mesobayes.jobs.simulate_specimens"),
        indices=batch_items(SPECIMEN_NUMBERS, FAILURE.specimens.batch),
        maximum_strain=FAILURE.specimens.maximum_strain,
        scale=SCALE,
        seed=SEED,
    message:
        "simulate_specimens: batch {wildcards.batch}, preset {wildcards.preset}"
    script:
        "../scripts/simulate_specimens.py"


rule merge_specimens:
    """Join the batches of specimens."""
    input:
        specimen_batches,
    output:
        "results/{scale}/failure/{preset}/specimens.zarr.zip",
    log:
        "logs/{scale}/merge_specimens/{preset}.log",
    benchmark:
        "results/{scale}/benchmarks/merge_specimens/{preset}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=30,
    params:
        code=code_hash("mesobayes.jobs.merge_specimens"),
        failed_share_max=FAILURE.specimens.failed_share_max,
        scale=SCALE,
        seed=SEED,
    message:
        "merge_specimens: all specimens of preset {wildcards.preset}"
    script:
        "../scripts/merge_specimens.py"


rule record_histories:
    """Load the realizations a, b, ... beyond the first failure, to collapse."""
    input:
        SPECIMENS,
    output:
        "results/{scale}/failure/{preset}/histories.zarr.zip",
    log:
        "logs/{scale}/record_histories/{preset}.log",
    benchmark:
        "results/{scale}/benchmarks/record_histories/{preset}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        code=code_hash("mesobayes.jobs.record_histories"),
        fields=FAILURE.specimens.history_fields,
        folds=FAILURE.folds,
        maximum_strain=FAILURE.specimens.history_strain,
        number=FAILURE.specimens.histories,
        scale=SCALE,
        seed=SEED,
    message:
        "record_histories: {params.number} specimens, preset {wildcards.preset}"
    script:
        "../scripts/record_histories.py"


rule perturb_specimens:
    """Swap one voxel of a batch of realizations, again and again, and see where they fail."""
    input:
        SPECIMENS,
    output:
        "results/{scale}/failure/{preset}/perturbed/{batch}.zarr.zip",
    log:
        "logs/{scale}/perturb_specimens/{preset}_{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/perturb_specimens/{preset}_{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        **flat("sensitivity", FAILURE.sensitivity),
        code=code_hash("mesobayes.jobs.perturb_specimens"),
        folds=FAILURE.folds,
        indices=batch_items(REALIZATIONS, FAILURE.perturbed_batch),
        maximum_strain=FAILURE.specimens.maximum_strain,
        scale=SCALE,
        seed=SEED,
    message:
        "perturb_specimens: realizations {params.indices}"
    script:
        "../scripts/perturb_specimens.py"


rule read_failure:
    """Fail the same specimens under a batch of readings of the model."""
    output:
        "results/{scale}/failure/readings/{batch}.zarr.zip",
    log:
        "logs/{scale}/read_failure/{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/read_failure/{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        **flat("porosity", FAILURE.porosity),
        code=code_hash("mesobayes.jobs.read_failure"),
        indices=batch_items(READINGS, FAILURE.readings_batch),
        maximum_strain=FAILURE.specimens.maximum_strain,
        number=FAILURE.specimens.readings,
        scale=SCALE,
        seed=SEED,
    message:
        "read_failure: {params.number} specimens, readings {params.indices}"
    script:
        "../scripts/read_failure.py"


rule fit_heteroencoder:
    """Fit one model on one fold and predict its test specimens."""
    input:
        specimens=SPECIMENS,
        start=deterministic_start,
    output:
        "results/{scale}/failure/fits/{kind}_{transform}_{weighting}/fold{fold}.zarr.zip",
    log:
        "logs/{scale}/fit_heteroencoder/{kind}_{transform}_{weighting}_fold{fold}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_heteroencoder/{kind}_{transform}_{weighting}_fold{fold}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=240,
    params:
        **by_kind("network", FAILURE.networks),
        **by_kind("fit", FAILURE.fits),
        **flat("target", FAILURE.target),
        code=code_hash("mesobayes.jobs.fit_heteroencoder"),
        draws=FAILURE.draws,
        folds=FAILURE.folds,
        scale=SCALE,
        seed=SEED,
    message:
        "fit_heteroencoder: {wildcards.kind}, target {wildcards.transform}, weights {wildcards.weighting}, fold {wildcards.fold}"
    script:
        "../scripts/fit_heteroencoder.py"


rule score_heteroencoder:
    """Recall, precision, histograms and ranks of one model over its folds."""
    input:
        fits_of_variant,
    output:
        "results/{scale}/failure/scores/{variant}.zarr.zip",
    log:
        "logs/{scale}/score_heteroencoder/{variant}.log",
    benchmark:
        "results/{scale}/benchmarks/score_heteroencoder/{variant}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        cluster_specimens=FAILURE.cluster_specimens,
        code=code_hash("mesobayes.jobs.score_heteroencoder"),
        scale=SCALE,
        seed=SEED,
    message:
        "score_heteroencoder: {wildcards.variant}"
    script:
        "../scripts/score_heteroencoder.py"


rule sample_reference:
    """Sample the posterior of a small heteroencoder by sequential Monte Carlo, beside Gaussian ones."""
    input:
        SPECIMENS,
    output:
        "results/{scale}/failure/reference.zarr.zip",
    log:
        "logs/{scale}/sample_reference.log",
    benchmark:
        "results/{scale}/benchmarks/sample_reference.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=240,
    params:
        **flat("reference", FAILURE.reference),
        **flat("target", FAILURE.target),
        code=code_hash("mesobayes.jobs.sample_reference"),
        folds=FAILURE.folds,
        scale=SCALE,
        seed=SEED,
    message:
        "sample_reference: {params.reference_runs} runs of SMC, heteroencoder of {params.reference_filters} filter(s)"
    script:
        "../scripts/sample_reference.py"


FAILURE_PARAMS = {
    "code": code_hash("mesobayes.jobs.fig_bridgman"),
    "scale": SCALE,
    "seed": SEED,
}
PERTURBED = batch_files("fast/perturbed", REALIZATIONS, FAILURE.perturbed_batch)
HISTORIES = {"histories": f"{FAILURE_FOLDER}/fast/histories.zarr.zip"}
FAILURE_INPUTS = {
    "damage_evolution": {
        **HISTORIES,
        "histories_printed": f"{FAILURE_FOLDER}/printed/histories.zarr.zip",
    },
    "damage_histograms": HISTORIES,
    "ensemble_response": {
        **HISTORIES,
        "histories_printed": f"{FAILURE_FOLDER}/printed/histories.zarr.zip",
    },
    "failure_sensitivity": {"specimens": SPECIMENS, "perturbed": PERTURBED},
    "damage_transform": {"specimens": SPECIMENS},
    "damage_loss_histograms": {"scores": scores(["point_t_uniform"])},
    "loss_weightings": {
        "scores": scores(
            [f"point_t_{weight}" for weight in ("uniform", "logistic", "IH", "IHpr")]
        ),
        "specimens": SPECIMENS,
    },
    "heteroencoder_architecture": {},
    "confusion_illustration": {"fit": [damage_fit("point_t_IHpr", 0)]},
    "recall_precision_12_models": {"scores": scores(GRID + BASELINES)},
    "damage_frequency_levelsets": {
        "scores": scores(
            [f"point_{transform}_uniform" for transform in ("id", "g", "sigma", "t")]
        ),
    },
    "cnn_vs_sensitivity": {
        "fit": [damage_fit("point_t_IHpr", 0)],
        "perturbed": PERTURBED,
        "scores": scores(["point_t_IHpr"]),
    },
    "bcnn_recall_precision": {
        "scores": scores(
            ["bayes_t_uniform", "bayes_t_IH"]
            + [f"point_t_{weight}" for weight in ("uniform", "IH", "IHpr")]
            + ["modern_t_uniform", "modern_t_IHpr", "baseline_t_uniform"]
        ),
    },
    "bcnn_variance": {
        "fit": [damage_fit(f"bayes_t_{weight}", 0) for weight in ("uniform", "IH")],
    },
    "cluster_cdfs": {"fit": [damage_fit("bayes_t_uniform", 0)]},
    "cluster_ranking": {
        "fit": [damage_fit("bayes_t_uniform", 0)],
        "perturbed": PERTURBED,
        "scores": scores(
            ["bayes_t_uniform", "point_t_uniform", "modern_t_uniform"]
            + ["baseline_t_uniform"]
        ),
    },
    "weight_cv_by_layer": {"fit": [damage_fit("bayes_t_uniform", 0)]},
    "failure_readings": {
        "readings": batch_files("readings", READINGS, FAILURE.readings_batch),
    },
    "reference_posterior": {"reference": f"{FAILURE_FOLDER}/reference.zarr.zip"},
}
FIGURES.update(
    {
        slug: {"input": inputs, "params": FAILURE_PARAMS}
        for slug, inputs in FAILURE_INPUTS.items()
    }
)
FIGURES.update(
    {
        slug: {
            "input": {},
            "params": {
                **FAILURE_PARAMS,
                "code": code_hash("mesobayes.jobs.table_bridgman"),
            },
        }
        for slug in (
            "constitutive_parameters",
            "model_variants",
            "heteroencoder_layers",
        )
    }
)
