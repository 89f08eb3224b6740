# SPDX-License-Identifier: GPL-3.0-or-later
# Failure of porous bars (Bridgman et al. 2022): specimens -> histories, perturbations -> fits -> scores -> figures.


include: "failure_files.smk"


wildcard_constraints:
    preset="fast|printed",
    variant="|".join(GRID + BEYOND + BASELINES),
    kind="point|bayes|modern",
    transform="id|sigma|g|t",
    weighting="uniform|logistic|IH|IHpr",
    fold=r"\d+",


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
        mem_mb=2000,
        runtime=120,
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
        mem_mb=8000,
        runtime=30,
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
        mem_mb=4000,
        runtime=120,
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
        mem_mb=2000,
        runtime=120,
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
        mem_mb=2000,
        runtime=120,
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


rule fit_fold:
    """Fit one network on one fold and predict its test specimens."""
    input:
        specimens=SPECIMENS,
        start=deterministic_start,
    output:
        prediction=update(
            "results/{scale}/failure/fits/{kind}_{transform}_{weighting}/fold{fold}.zarr.zip"
        ),
        weights=update(
            "results/{scale}/failure/fits/{kind}_{transform}_{weighting}/weights{fold}.zarr.zip"
        ),
    log:
        "logs/{scale}/fit_fold/{kind}_{transform}_{weighting}_{fold}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_fold/{kind}_{transform}_{weighting}_{fold}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=6000,
        runtime=240,
    params:
        **call(
            "mesobayes.studies.failure.fit:fit_fold",
            variant=lambda w: {"kind": w.kind, **variant_of(w)},
            fold=wildcard("fold", int),
            split=FAILURE.split,
            transform=FAILURE.target,
            weighting=FAILURE.weights,
            network=pick(FAILURE.networks, "kind"),
            settings=pick(FAILURE.fits, "kind"),
            ranking=FAILURE.ranking,
            draws=FAILURE.draws,
        ),
    message:
        "fit_fold: {wildcards.kind}, target {wildcards.transform}, weights {wildcards.weighting}, fold {wildcards.fold}"
    shell:
        RUN


rule fit_baseline:
    """Fit the regression on local porosity on one fold and predict its test specimens."""
    input:
        specimens=SPECIMENS,
    output:
        prediction=update(
            "results/{scale}/failure/fits/baseline_{transform}_{weighting}/fold{fold}.zarr.zip"
        ),
    log:
        "logs/{scale}/fit_baseline/{transform}_{weighting}_{fold}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_baseline/{transform}_{weighting}_{fold}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=6000,
        runtime=60,
    params:
        **call(
            "mesobayes.studies.failure.baseline:fit_baseline",
            variant=lambda w: {"kind": "baseline", **variant_of(w)},
            fold=wildcard("fold", int),
            split=FAILURE.split,
            transform=FAILURE.target,
            settings=FAILURE.baseline,
            ranking=FAILURE.ranking,
        ),
    message:
        "fit_baseline: target {wildcards.transform}, fold {wildcards.fold}"
    shell:
        RUN


rule score_variant:
    """Recall, precision, histograms and ranks of one model over its folds."""
    input:
        fits=lambda w: fits_of_variant(w.variant),
    output:
        scores=update("results/{scale}/failure/scores/{variant}.zarr.zip"),
    log:
        "logs/{scale}/score_variant/{variant}.log",
    benchmark:
        "results/{scale}/benchmarks/score_variant/{variant}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=4000,
        runtime=120,
    params:
        **call(
            "mesobayes.studies.failure.scores:score_variant",
            settings=FAILURE.scores,
        ),
    message:
        "score_variant: {wildcards.variant}"
    shell:
        RUN


rule sample_reference:
    """Sample the posterior of a small heteroencoder by sequential Monte Carlo, beside Gaussian ones."""
    input:
        specimens=SPECIMENS,
    output:
        reference=update("results/{scale}/failure/reference.zarr.zip"),
    log:
        "logs/{scale}/sample_reference.log",
    benchmark:
        "results/{scale}/benchmarks/sample_reference.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=6000,
        runtime=240,
    params:
        **call(
            "mesobayes.studies.failure.reference:sample_reference",
            split=FAILURE.split,
            transform=FAILURE.target,
            settings=FAILURE.reference,
        ),
    message:
        "sample_reference: posteriors of a small heteroencoder"
    shell:
        RUN


FAILURE_FIGURES = "mesobayes.studies.failure.figures"
COUNTED = {"figures": FAILURE.figures}
HISTORIES = {"histories": f"{FAILURE_FOLDER}/fast/histories.zarr.zip"}
BOTH_HISTORIES = {
    **HISTORIES,
    "histories_printed": f"{FAILURE_FOLDER}/printed/histories.zarr.zip",
}
PERTURBED = failure_batches("fast/perturbed", REALIZATIONS, FAILURE.perturbed_batch)

TARGETS["damage_evolution"] = draw(
    f"{FAILURE_FIGURES}.specimens",
    settings={**COUNTED, "voxel_mm": FAILURE.specimens.voxel_mm},
    **BOTH_HISTORIES,
)
TARGETS["damage_histograms"] = draw(
    f"{FAILURE_FIGURES}.specimens", settings=COUNTED, **HISTORIES
)
TARGETS["ensemble_response"] = draw(f"{FAILURE_FIGURES}.specimens", **BOTH_HISTORIES)
TARGETS["failure_sensitivity"] = draw(
    f"{FAILURE_FIGURES}.sensitivity",
    settings=COUNTED,
    specimens=SPECIMENS,
    perturbed=PERTURBED,
)
TARGETS["damage_transform"] = draw(
    f"{FAILURE_FIGURES}.targets",
    settings={**COUNTED, "transform": FAILURE.target},
    specimens=SPECIMENS,
)
TARGETS["damage_loss_histograms"] = draw(
    f"{FAILURE_FIGURES}.targets", scores=scores("point_t_uniform")
)
TARGETS["loss_weightings"] = draw(
    f"{FAILURE_FIGURES}.targets",
    settings={"transform": FAILURE.target, "weights": FAILURE.weights},
    scores=scores(
        *(f"point_t_{name}" for name in ("uniform", "logistic", "IH", "IHpr"))
    ),
    specimens=SPECIMENS,
)
TARGETS["heteroencoder_architecture"] = draw(
    f"{FAILURE_FIGURES}.network",
    settings={"network": FAILURE.networks.point, "porosity": FAILURE.porosity},
)
TARGETS["confusion_illustration"] = draw(
    f"{FAILURE_FIGURES}.network", settings=COUNTED, fit=damage_fit("point_t_IHpr", 0)
)
TARGETS["recall_precision_12_models"] = draw(
    f"{FAILURE_FIGURES}.models", settings=COUNTED, scores=scores(*GRID, *BASELINES)
)
TARGETS["damage_frequency_levelsets"] = draw(
    f"{FAILURE_FIGURES}.targets",
    scores=scores(*(f"point_{name}_uniform" for name in ("id", "g", "sigma", "t"))),
)
TARGETS["cnn_vs_sensitivity"] = draw(
    f"{FAILURE_FIGURES}.models",
    settings=COUNTED,
    fit=damage_fit("point_t_IHpr", 0),
    perturbed=PERTURBED,
    scores=scores("point_t_IHpr"),
)
TARGETS["bcnn_recall_precision"] = draw(
    f"{FAILURE_FIGURES}.models",
    settings=COUNTED,
    scores=scores(
        *("bayes_t_uniform", "bayes_t_IH"),
        *("point_t_uniform", "point_t_IH", "point_t_IHpr"),
        *("modern_t_uniform", "modern_t_IHpr", "baseline_t_uniform"),
    ),
)
TARGETS["bcnn_variance"] = draw(
    f"{FAILURE_FIGURES}.uncertainty",
    settings=COUNTED,
    fits=[damage_fit(f"bayes_t_{weighting}", 0) for weighting in ("uniform", "IH")],
)
TARGETS["cluster_cdfs"] = draw(
    f"{FAILURE_FIGURES}.uncertainty",
    settings={"ranking": FAILURE.ranking},
    fit=damage_fit("bayes_t_uniform", 0),
)
TARGETS["cluster_ranking"] = draw(
    f"{FAILURE_FIGURES}.ranking",
    settings={"ranking": FAILURE.ranking},
    fit=damage_fit("bayes_t_uniform", 0),
    perturbed=PERTURBED,
    scores=scores(
        *("bayes_t_uniform", "point_t_uniform"),
        *("modern_t_uniform", "baseline_t_uniform"),
    ),
)
TARGETS["weight_cv_by_layer"] = draw(
    f"{FAILURE_FIGURES}.uncertainty",
    fits=fits_of_variant("bayes_t_uniform"),
    weights=[
        fitted_weights("bayes_t_uniform", fold)
        for fold in range(len(fits_of_variant("bayes_t_uniform")))
    ],
)
TARGETS["failure_readings"] = draw(
    f"{FAILURE_FIGURES}.readings",
    settings=COUNTED,
    readings=failure_batches("readings", READINGS, FAILURE.readings_batch),
)
TARGETS["reference_posterior"] = draw(
    f"{FAILURE_FIGURES}.reference", reference=f"{FAILURE_FOLDER}/reference.zarr.zip"
)
TARGETS["constitutive_parameters"] = draw(f"{FAILURE_FIGURES}.tables")
TARGETS["model_variants"] = draw(f"{FAILURE_FIGURES}.tables")
TARGETS["heteroencoder_layers"] = draw(
    f"{FAILURE_FIGURES}.tables", settings={"networks": FAILURE.networks}
)
