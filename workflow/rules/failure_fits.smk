# SPDX-License-Identifier: GPL-3.0-or-later
# Failure of porous bars: specimens -> fits -> scores, the reference posterior.


wildcard_constraints:
    variant="|".join(GRID + BEYOND + BASELINES),
    kind="point|longer|bayes|modern",
    transform="id|sigma|g|t",
    weighting="uniform|logistic|IH|IHpr",
    fold=r"\d+",


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
        mem_mb=grows(6000),
        runtime=grows(240),
    params:
        **call(
            "mesobayes.studies.failure.fit:fit_fold",
            variant=lambda w: {"kind": w.kind, **variant_of(w)},
            fold=wildcard("fold", int),
            split=FAILURE.split,
            transform=FAILURE.target,
            weighting=FAILURE.weights,
            network=network_of,
            settings=fit_of,
            steps_before=steps_before,
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
        mem_mb=grows(6000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.failure.baseline:fit_baseline",
            variant=lambda w: {"kind": "baseline", **variant_of(w)},
            fold=wildcard("fold", int),
            split=FAILURE.split,
            transform=FAILURE.target,
            weighting=FAILURE.weights,
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
        mem_mb=grows(4000),
        runtime=grows(120),
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
        mem_mb=grows(6000),
        runtime=grows(240),
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
