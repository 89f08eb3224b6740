# SPDX-License-Identifier: GPL-3.0-or-later
# One named rule for every target of the registry: those built draw, those planned refuse.

for target in [target for target in BUILT if target.output == "figure"]:

    rule:
        name:
            target.rule
        input:
            **FIGURES[target.slug]["input"],
        output:
            pdf=target.files[0],
            png=report(
                target.files[1],
                caption=caption_file(target),
                category=REGISTRY.papers[target.paper]["title"],
                labels={"figure": target.label, "title": target.title},
            ),
            json=target.files[2],
        log:
            f"{LOGS}/{target.rule}.log",
        benchmark:
            f"{BENCHMARKS}/{target.rule}.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=15,
        params:
            **FIGURES[target.slug]["params"],
            entry=registry_hash([target]),
            registry=registry_path(target),
            script=target.rule,  # the path of a script is read late, when the loop has moved on
        message:
            f"{target.rule}: {target.label} of {target.paper}, {target.title}"
        script:
            "../scripts/{params.script}.py"

    workflow.get_rule(target.rule).docstring = (
        f"{target.label} of {target.paper}: {target.title}."
    )


for target in [target for target in BUILT if target.output == "table"]:

    rule:
        name:
            target.rule
        input:
            **FIGURES[target.slug]["input"],
        output:
            csv=report(
                target.files[0],
                caption=caption_file(target),
                category=REGISTRY.papers[target.paper]["title"],
                labels={"figure": target.label, "title": target.title},
            ),
            json=record_file(target),
        log:
            f"{LOGS}/{target.rule}.log",
        benchmark:
            f"{BENCHMARKS}/{target.rule}.tsv"
        conda:
            "../../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=15,
        params:
            **FIGURES[target.slug]["params"],
            entry=registry_hash([target]),
            registry=REGISTRY_PATH,
            script=target.rule,
        message:
            f"{target.rule}: {target.label} of {target.paper}, {target.title}"
        script:
            "../scripts/{params.script}.py"

    workflow.get_rule(target.rule).docstring = (
        f"{target.label} of {target.paper}: {target.title}."
    )


for target in [target for target in TARGETS if not target.built]:

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


rule table_reproduction:
    """Every printed value of the papers beside ours, with a verdict."""
    input:
        records=[record_file(target) for target in REGISTRY.built],
    output:
        csv="results/table_reproduction.csv",
        pdf="results/table_reproduction.pdf",
    log:
        f"{LOGS}/table_reproduction.log",
    benchmark:
        f"{BENCHMARKS}/table_reproduction.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        code=code_hash("mesobayes.jobs.table_reproduction"),
        entries=registry_hash(REGISTRY.targets),
        registry=REGISTRY_PATH,
    message:
        "table_reproduction: printed values beside ours"
    script:
        "../scripts/table_reproduction.py"
