# SPDX-License-Identifier: GPL-3.0-or-later
# One named rule for every target of the registry: those that a study draws, and those planned, which refuse.


include: "targets_files.smk"


MADE = [target for target in REGISTRY.targets if target.slug in TARGETS]


for target in [target for target in MADE if target.output == "figure"]:

    rule:
        name:
            target.rule
        input:
            **TARGETS[target.slug]["inputs"],
        output:
            pdf=target.files[0],
            png=in_report(target.files[1], target),
            json=target.files[2],
        log:
            f"{LOGS}/{target.rule}.log",
        benchmark:
            f"{BENCHMARKS}/{target.rule}.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=grows(2000),
            runtime=grows(15),
        params:
            **drawing_call(target),
        message:
            f"{target.rule}: {target.label} of {target.paper}, {target.title}"
        shell:
            RUN

    workflow.get_rule(target.rule).docstring = (
        f"{target.label} of {target.paper}: {target.title}."
    )


for target in [target for target in MADE if target.output == "table"]:

    rule:
        name:
            target.rule
        input:
            **TARGETS[target.slug]["inputs"],
        output:
            csv=in_report(target.files[0], target),
            json=target.record(SCALE),
        log:
            f"{LOGS}/{target.rule}.log",
        benchmark:
            f"{BENCHMARKS}/{target.rule}.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=grows(1000),
            runtime=grows(15),
        params:
            **drawing_call(target),
        message:
            f"{target.rule}: {target.label} of {target.paper}, {target.title}"
        shell:
            RUN

    workflow.get_rule(target.rule).docstring = (
        f"{target.label} of {target.paper}: {target.title}."
    )


for target in [target for target in REGISTRY.targets if target.slug not in TARGETS]:

    rule:
        name:
            target.rule
        output:
            target.files,
        log:
            f"{LOGS}/{target.rule}.log",
        conda:
            "../../envs/figures.yaml"
        params:
            sentence=target.planned_message(),
        shell:
            "echo {params.sentence:q} | tee {log} >&2; exit 1"

    workflow.get_rule(target.rule).docstring = (
        f"planned: {target.label} of {target.paper}: {target.title}."
    )


for paper in REGISTRY.papers:

    rule:
        name:
            paper
        input:
            [file for target in MADE if target.paper == paper for file in target.files],

    workflow.get_rule(paper).docstring = (
        f"Every figure and table of {REGISTRY.papers[paper]['authors']} {REGISTRY.papers[paper]['year']}."
    )


rule table_reproduction:
    """Every printed value of the papers beside ours."""
    input:
        records=[target.record(SCALE) for target in MADE if not target.beyond],
    output:
        csv="results/table_reproduction.csv",
        pdf=in_report("results/table_reproduction.pdf"),
    log:
        f"{LOGS}/table_reproduction.log",
    benchmark:
        f"{BENCHMARKS}/table_reproduction.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(1000),
        runtime=grows(15),
    params:
        **call(
            "mesobayes.drawing.reproduction:table_reproduction",
            study="all",
            entry={target.slug: plain(target.printed) for target in REGISTRY.targets},
            registry=os.path.relpath(WORKFLOW / "figures.yaml"),
        ),
    message:
        "table_reproduction: printed values beside ours"
    shell:
        RUN
