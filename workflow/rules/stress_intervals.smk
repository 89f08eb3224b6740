# SPDX-License-Identifier: GPL-3.0-or-later
# Intervals of predicted stresses: predictions -> half widths from held-out structures, coverage on others.


include: "stress_intervals_files.smk"


wildcard_constraints:
    ensemble="|".join(ENSEMBLES),
    fitted="|".join((*MODEL_NAMES, *ENSEMBLES)),


rule join_ensemble:
    """Join the predictions of networks that differ by their seeds."""
    input:
        members=predictions_of_members,
    output:
        store=update(
            "results/{scale}/stress/predictions/{network}/{ensemble}/{family}/repeat0.zarr.zip"
        ),
    log:
        "logs/{scale}/join_ensemble/{network}_{ensemble}_{family}.log",
    benchmark:
        "results/{scale}/benchmarks/join_ensemble/{network}_{ensemble}_{family}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.intervals.ensemble:join_ensemble",
            name=wildcard("ensemble"),
        ),
    message:
        "join_ensemble: {wildcards.family} by {wildcards.ensemble} of {wildcards.network}"
    shell:
        RUN


rule calibrate:
    """Calibrate the intervals of a model and test them on the structures of a family."""
    input:
        prediction="results/{scale}/stress/predictions/{network}/{fitted}/{family}/repeat{repeat}.zarr.zip",
        home=prediction_at_home,
    output:
        store=update(
            "results/{scale}/stress/calibration/{network}/{fitted}/{family}/repeat{repeat}.zarr.zip"
        ),
    log:
        "logs/{scale}/calibrate/{network}_{fitted}_{family}_repeat{repeat}.log",
    benchmark:
        "results/{scale}/benchmarks/calibrate/{network}_{fitted}_{family}_repeat{repeat}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.stress.intervals.calibrate:calibrate",
            settings=STRESS.intervals,
        ),
    message:
        "calibrate: {wildcards.fitted} of {wildcards.network} on {wildcards.family}, repeat {wildcards.repeat}"
    shell:
        RUN


TARGETS["calibration_stress"] = draw(
    "mesobayes.studies.stress.figures.calibration",
    series=[
        path
        for fitted in LABEL_SERIES
        for path in calibrations(fitted, trained_on(fitted), STRESS.predictions.repeats)
    ],
    **{name: calibrations(name, trained_on(name), 1) for name in ENSEMBLES},
    dropout=calibrations("dropout", trained_on("dropout"), STRESS.predictions.repeats),
    families=[
        path
        for fitted in ("bayes_full", "ellipse1_bayes")
        for family in FAMILIES
        for path in calibrations(fitted, family, STRESS.predictions.repeats)
    ],
)
TARGETS["model_scores"] = draw(
    "mesobayes.studies.stress.figures.model_scores",
    predictions=[path for model in MODEL_NAMES for path in predictions(model)]
    + [prediction_of_ensemble(name) for name in ENSEMBLES],
    calibrations=[
        path
        for fitted in (*LABEL_SERIES, "dropout", "ellipse1_bayes")
        for path in calibrations(fitted, trained_on(fitted), STRESS.predictions.repeats)
    ]
    + [path for name in ENSEMBLES for path in calibrations(name, trained_on(name), 1)],
)
