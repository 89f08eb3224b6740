# SPDX-License-Identifier: GPL-3.0-or-later
# The front door: configuration, rules, and the two collections of everything that is built.
# What to compute stands in config.yaml, what a machine can do in profiles/.


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/stress_common.smk"
include: "workflow/rules/stress.smk"
include: "workflow/rules/failure_common.smk"
include: "workflow/rules/failure.smk"
include: "workflow/rules/permeability_common.smk"
include: "workflow/rules/permeability.smk"
include: "workflow/rules/figures.smk"


rule all:
    """Every figure and table that is built, and the table of printed values beside ours."""
    default_target: True
    input:
        [target.files for target in BUILT],
        TABLE_REPRODUCTION,


onstart:
    write_configuration()


sign_parameters(workflow.rules)
refuse_unmakeable_targets(sys.argv[1:])
