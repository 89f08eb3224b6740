# SPDX-License-Identifier: GPL-3.0-or-later
# The front door: configuration, one include per study, and the collection of everything that is built.
# What to compute stands in config.yaml, what a machine can do in profiles/.

import os

# that of the folder it runs in, where there is one
CONFIGFILE = "config.yaml"
if not os.path.isfile(CONFIGFILE):
    CONFIGFILE = workflow.current_basedir.join(CONFIGFILE).get_path_or_uri(False)


configfile: CONFIGFILE


report: "workflow/report/introduction.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/memory.smk"
include: "workflow/rules/stress.smk"
include: "workflow/rules/stress_models.smk"
include: "workflow/rules/stress_intervals.smk"
include: "workflow/rules/stress_own.smk"
include: "workflow/rules/stress_figures.smk"
include: "workflow/rules/stress_model_figures.smk"
include: "workflow/rules/stress_pictures.smk"
include: "workflow/rules/strip.smk"
include: "workflow/rules/permeability.smk"
include: "workflow/rules/failure.smk"
include: "workflow/rules/speed.smk"
include: "workflow/rules/targets.smk"
include: "workflow/rules/cluster.smk"


rule all:
    """Every figure and table that is built, and the table of printed values beside ours."""
    default_target: True
    input:
        [target.files for target in MADE],
        TABLE_REPRODUCTION,


onstart:
    refuse_what_slurm_would_keep()
    write_configuration()
    write_command(sys.argv[1:])


onsuccess:
    accept_touched()


onerror:
    atexit.register(WATCH.say_failures)  # the last words, after Snakemake's own


if workflow.modifier.is_main_snakefile():
    refuse_unmakeable_targets(sys.argv[1:])
    refuse_report_of_another_scale(sys.argv[1:])
else:
    write_configuration()
refuse_unwritable_folders()
correct_memory()
CODE.keep()
