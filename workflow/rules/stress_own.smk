# SPDX-License-Identifier: GPL-3.0-or-later
# A user's own image in the stress study: what training patches look like -> the stress around the user's pores.


include: "stress_own_files.smk"


rule describe_training:
    """Describe the training patches of a family, to tell images that are unlike them."""
    input:
        patches="results/{scale}/stress/{family}/patches.zarr.zip",
        channels="results/{scale}/stress/{family}/channels.zarr.zip",
    output:
        store=update("results/{scale}/stress/{family}/usual.zarr.zip"),
    log:
        "logs/{scale}/describe_training/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/describe_training/{family}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.own.usual:describe_training",
            quantile=OWN.outlier_quantile,
            ridge=OWN.outlier_ridge,
        ),
    message:
        "describe_training: patches of {wildcards.family}"
    shell:
        RUN


rule whole_maxima:
    """Predict the largest stress of every held-out structure as that of a user's plate is predicted."""
    input:
        fit="results/{scale}/stress/fits/{network}/{model}/repeat0.zarr.zip",
        weights="results/{scale}/stress/fits/{network}/{model}/repeat0.weights.zarr.zip",
        structures=structures_of_model,
        patches=patches_of_model,
    output:
        store=update("results/{scale}/stress/whole_maxima/{network}/{model}.zarr.zip"),
    log:
        "logs/{scale}/whole_maxima/{network}_{model}.log",
    benchmark:
        "results/{scale}/benchmarks/whole_maxima/{network}_{model}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=patches_mem_mb,
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.stress.own.whole:whole_maxima",
            model=pick(STRESS.models, "model"),
            most=OWN.structures,
            draws=STRESS.predictions.draws,
            precision=precision_of_network,
        ),
    message:
        "whole_maxima: held-out structures by {wildcards.network}, {wildcards.model}"
    shell:
        RUN


rule predict_plate:
    """Predict the stress around the pores of a user's own image, with its intervals."""
    input:
        image=plate_to_predict,
        macro=macro_stress_of_plate,
        fit=f"{OWN_FIT}.zarr.zip",
        weights=f"{OWN_FIT}.weights.zarr.zip",
        calibration=f"{STRESS_FOLDER}/calibration/{OWN.network}/{OWN.model}/{OWN_FAMILY}/repeat0.zarr.zip",
        usual=f"{STRESS_FOLDER}/{OWN_FAMILY}/usual.zarr.zip",
        maxima=f"{STRESS_FOLDER}/whole_maxima/{OWN.network}/{OWN.model}.zarr.zip",
    output:
        prediction="results/predict/stress/{name}.json",
        pdf="results/predict/stress/{name}.pdf",
        png="results/predict/stress/{name}.png",
        store=update("results/predict/stress/{name}.zarr.zip"),
    log:
        f"{LOGS}/predict_plate/{{name}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_plate/{{name}}.tsv"
    conda:
        "../../envs/predict.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.own.image:predict_own_image",
            settings=OWN,
            model=getattr(STRESS.models, OWN.model),
            mesh=STRESS.mesh,
            pixels_per_radius=STRESS.pixels_per_radius,
            draws=STRESS.predictions.draws,
            precision=getattr(STRESS.fits, OWN.network).precision,
            image_hash=hash_of_plate,
        ),
    message:
        "predict_plate: {input.image}"
    shell:
        RUN
