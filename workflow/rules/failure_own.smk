# SPDX-License-Identifier: GPL-3.0-or-later
# A user's own porous volume in the failure study: where it fails first.


rule predict_bar:
    """Rank the places at which a user's own porous volume fails first."""
    input:
        image=volume_to_predict,
        ranked=ranked_folds(FAILURE.own.ranker),
    output:
        prediction="results/predict/failure/{name}.json",
        pdf="results/predict/failure/{name}.pdf",
        png="results/predict/failure/{name}.png",
        store=update("results/predict/failure/{name}.zarr.zip"),
    log:
        f"{LOGS}/predict_bar/{{name}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_bar/{{name}}.tsv"
    conda:
        "../../envs/predict.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.failure.own_bar:predict_own_bar",
            settings=FAILURE.own,
            elastic=FAILURE.elastic,
            image_hash=hash_of_volume,
        ),
    message:
        "predict_bar: {input.image}"
    shell:
        RUN
