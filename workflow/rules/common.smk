# SPDX-License-Identifier: GPL-3.0-or-later
# Helpers of all rules: the resolved configuration, the registry, parameters key by key, checks of the targets.

import dataclasses
import os
import re
import sys
from pathlib import Path

import yaml

SOURCES = Path(workflow.basedir) / "src"
sys.path.insert(
    0, str(SOURCES)
)  # the package beside this file, whatever else is installed

from mesobayes.record.errors import MesobayesError
from mesobayes.drawing.registry import read_registry
from mesobayes.record.provenance import code_hash, config_hash
from mesobayes.record.logs import process_environment
from mesobayes.studies.configuration import flat, resolve
from mesobayes.record.validation import nearest, plain

WORKFLOW = Path(workflow.basedir) / "workflow"

try:
    SETTINGS = resolve(config, WORKFLOW / "scales")
    REGISTRY = read_registry(WORKFLOW / "figures.yaml")
    BEYOND_PAPERS = read_registry(WORKFLOW / "figures_beyond.yaml")
except MesobayesError as error:
    sys.exit(f"error: {error}")

REGISTRY_PATH = os.path.relpath(
    WORKFLOW / "figures.yaml"
)  # not an input: touching it must redraw nothing
SCALE = SETTINGS.scale
SEED = SETTINGS.seed
RESULTS = f"results/{SCALE}"
LOGS = f"logs/{SCALE}"
BENCHMARKS = f"results/{SCALE}/benchmarks"
TABLE_REPRODUCTION = [
    "results/table_reproduction.csv",
    "results/table_reproduction.pdf",
]
TARGETS = REGISTRY.targets + BEYOND_PAPERS.targets
BUILT = [target for target in TARGETS if target.built]
# slug -> inputs and params of each built figure; filled by the studies
FIGURES = {}

# jobs are children of this process, or run it again on their node: both ways they start with these
os.environ.update(process_environment(SOURCES, Path("results/.cache").resolve()))


def write_configuration():
    """Write the resolved configuration beside the results of its scale."""
    path = Path(RESULTS) / "config.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(plain(SETTINGS), sort_keys=False), encoding="utf-8")


def by_wildcard(prefix, wildcard, records):
    """Return parameters ``{prefix}_{field}``, each a function that picks the record a wildcard names."""

    def picker(field):
        return lambda wildcards: getattr(getattr(records, wildcards[wildcard]), field)

    first = getattr(records, dataclasses.fields(records)[0].name)
    return {
        f"{prefix}_{field.name}": picker(field.name)
        for field in dataclasses.fields(first)
    }


def registry_path(target):
    """Return the registry that a target stands in; not an input, see above."""
    if target in REGISTRY.targets:
        return REGISTRY_PATH
    return os.path.relpath(WORKFLOW / "figures_beyond.yaml")


def registry_hash(targets):
    """Return a hash of what the registry says about targets, captions aside: a new wording redraws nothing."""
    kept = ("slug", "paper", "number", "kind", "title", "settings", "printed")
    return config_hash(
        {
            target.slug: {key: plain(getattr(target, key)) for key in kept}
            for target in targets
        }
    )


def sign_parameters(rules):
    """Add a parameter to every rule: a hash of all its parameters, key by key.

    Snakemake remembers parameters as a set of values without their keys. A value that changes to one that
    another key holds already would re-run nothing.
    """

    def signature(named):
        return lambda wildcards: config_hash(
            {
                key: plain(value(wildcards) if callable(value) else value)
                for key, value in named.items()
            }
        )

    for each in rules:
        named = dict(each.params.items())
        if named:
            each.set_params(signature=signature(named))


def caption_file(target):
    """Return the path of a file with the caption from the registry, for the report."""
    path = Path(".snakemake/captions") / f"{target.rule}.rst"
    if not path.is_file() or path.read_text(encoding="utf-8") != target.caption:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(target.caption, encoding="utf-8")
    return str(path.resolve())


def record_file(target):
    """Return the JSON file that says what a built target shows of the printed values."""
    if target.output == "figure":
        return target.files[-1]
    return f"{RESULTS}/records/{target.rule}.json"


def refuse_unmakeable_targets(arguments):
    """End with one sentence when the command line asks for a planned target or a misspelt one."""
    planned = {
        name: target
        for target in TARGETS
        if not target.built
        for name in (target.rule, *target.files)
    }
    names = [target.rule for target in TARGETS] + ["table_reproduction"]
    files = [file for target in TARGETS for file in target.files] + TABLE_REPRODUCTION
    for asked in arguments:
        if asked in planned:
            sys.exit(f"error: {planned[asked].planned_message()}")
        if re.fullmatch(r"results/[^/=]+\.\w+", asked) and asked not in files:
            sys.exit(f"error: unknown target {asked!r}{nearest_target(asked, files)}")
        if re.fullmatch(r"(fig|table)_\w+", asked) and asked not in names:
            sys.exit(f"error: unknown target {asked!r}{nearest_target(asked, names)}")


def nearest_target(asked, names):
    """Return a hint with the nearest name, or where to find all of them."""
    hint = nearest(asked, names)
    return (
        hint
        if hint.startswith("; did")
        else "; snakemake --list-target-rules shows all"
    )
