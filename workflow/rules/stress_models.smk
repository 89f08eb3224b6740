# SPDX-License-Identifier: GPL-3.0-or-later
# Stress in porous plates: the networks behind the figures -> what they predict of held-out structures.


include: "stress_models_files.smk"


wildcard_constraints:
    model="|".join(MODEL_NAMES),


rule fit_model:
    """Fit one repeat of a model."""
    input:
        patches=patches_of_model,
        channels=channels_of_model,
        structures=structures_to_turn,
    output:
        store=update(
            "results/{scale}/stress/fits/{network}/{model}/repeat{repeat}.zarr.zip"
        ),
        weights=update(
            "results/{scale}/stress/fits/{network}/{model}/repeat{repeat}.weights.zarr.zip"
        ),
    log:
        "logs/{scale}/fit_model/{network}_{model}_repeat{repeat}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_model/{network}_{model}_repeat{repeat}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(600),
    params:
        **call(
            "mesobayes.studies.stress.fit:fit_model",
            name=wildcard("model"),
            model=pick(STRESS.models, "model"),
            network=pick(STRESS.networks, "network"),
            settings=pick(STRESS.fits, "network"),
            repeat=wildcard("repeat", int),
        ),
    message:
        "fit_model: {wildcards.network}, {wildcards.model}, repeat {wildcards.repeat}"
    shell:
        RUN


rule predict_model:
    """Predict held-out patches of a family by a fitted model."""
    input:
        fit="results/{scale}/stress/fits/{network}/{model}/repeat{repeat}.zarr.zip",
        weights="results/{scale}/stress/fits/{network}/{model}/repeat{repeat}.weights.zarr.zip",
        patches="results/{scale}/stress/{family}/patches.zarr.zip",
        channels=channels_to_predict,
    output:
        store=update(
            "results/{scale}/stress/predictions/{network}/{model}/{family}/repeat{repeat}.zarr.zip"
        ),
    log:
        "logs/{scale}/predict_model/{network}_{model}_{family}_repeat{repeat}.log",
    benchmark:
        "results/{scale}/benchmarks/predict_model/{network}_{model}_{family}_repeat{repeat}.tsv"
    wildcard_constraints:
        family="|".join((*FAMILIES, "strip")),  # strips are made by rules of their own
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(120),
    params:
        **call(
            "mesobayes.studies.stress.models.predictions:predict_model",
            model=pick(STRESS.models, "model"),
            draws=STRESS.predictions.draws,
            most=STRESS.predictions.patches,
            precision=precision_of_network,
        ),
    message:
        "predict_model: {wildcards.family} by {wildcards.network}, {wildcards.model}, repeat {wildcards.repeat}"
    shell:
        RUN
