# SPDX-License-Identifier: GPL-3.0-or-later
# Helpers of all rules: the resolved configuration, the registry, what a rule tells its job.

import atexit
import contextlib
import functools
import importlib
import json
import os
import re
import sys
from pathlib import Path

import yaml
from snakemake.logging import logger
from snakemake.settings.types import ExecMode

BASE = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parents[1]
SOURCES = BASE / "src"
sys.path.insert(
    0, str(SOURCES)
)  # the package beside this file, whatever else is installed

from mesobayes.command.report import caption, category, label, other_scale
from mesobayes.command.watch import Watch
from mesobayes.drawing.registry import read_registry
from mesobayes.images.find import find_image
from mesobayes.record.code import Sources
from mesobayes.record.errors import MesobayesError
from mesobayes.record.files import content_hash, refuse_unwritable, replacing
from mesobayes.record.lineage import read_record
from mesobayes.record.logs import process_environment
from mesobayes.record.provenance import commit_of, config_hash
from mesobayes.record.settings import narrowed, nearest, plain
from mesobayes.studies.configuration import overrides, read_scale, resolve

WORKFLOW = BASE / "workflow"

try:
    SETTINGS = resolve(config, WORKFLOW / "scales")
    REGISTRY = read_registry(WORKFLOW / "figures.yaml")
except MesobayesError as error:
    sys.exit(f"error: {error}")

OVERRIDES = overrides(
    config,
    yaml.safe_load((BASE / "config.yaml").read_text("utf-8")),
    read_scale(config, WORKFLOW / "scales"),
)
SCALE = SETTINGS.scale
RESULTS = f"results/{SCALE}"
LOGS = f"logs/{SCALE}"
BENCHMARKS = f"results/{SCALE}/benchmarks"
TABLE_REPRODUCTION = [
    "results/table_reproduction.csv",
    "results/table_reproduction.pdf",
]
# slug -> how a figure or table is drawn, see draw(); filled by the studies
TARGETS = {}

# hears what the run says of its jobs: the time left, and the failed ones at the end
WATCH = Watch(
    SCALE, workflow.resource_settings.nodes or workflow.resource_settings.cores or 1
)
# whether jobs may run: Snakemake itself knows of --dry-run only after it has read the rules
RUNS = workflow.exec_mode == ExecMode.DEFAULT and not any(
    re.fullmatch(r"--dry-?run|-[a-zA-Z]*n[a-zA-Z]*", word) for word in sys.argv
)
if RUNS:
    logger.addHandler(WATCH)

CONFIGURATION = config_hash(plain(SETTINGS))
# The command of every rule; what the job is stands in its parameters. Interpreter and script come from the
# environment, so that the command, which Snakemake remembers, is the same in every folder.
RUN = '"$MESOBAYES_PYTHON" "$MESOBAYES_RUN" {log:q} {threads} {resources.gpu} {resources.mem_mb} {params.call:q} {params.files:q}'
IN_CONDA = "conda" in {
    str(method).lower() for method in workflow.deployment_settings.deployment_method
}
# jobs are children of this process, or run it again on their node: both ways they start with these
os.environ.update(
    process_environment(SOURCES, Path("results/.cache").resolve()),
    MESOBAYES_PYTHON="python" if IN_CONDA else sys.executable,
    MESOBAYES_RUN=str(WORKFLOW / "run.py"),
    MESOBAYES_CONFIGURATION=CONFIGURATION,
    MESOBAYES_COMMIT=commit_of(BASE),
)
CODE = Sources(
    SOURCES / "mesobayes",
    BASE / "envs/requirements.txt",
    Path("results/.cache/imports.json"),
)
RUN_HASH = content_hash(WORKFLOW / "run.py")


def call(function, /, uses=(), entry=None, study=None, modified=(), **arguments):
    """Return the parameters of a rule: ``call``, what its job calls, as canonical JSON, and its ``files``.

    function: "package.module:name"; arguments: values, settings records, or functions of the wildcards. A hash
    of the content of the modules in use, of the script and the locked libraries (and of a further ``entry``) is
    part of the call, so that an edit runs exactly what depends on it. Snakemake remembers the call, and by itself
    the names of the files.
    """
    source = function.partition(":")[0]
    code = config_hash(
        {"code": CODE.hash(source, *uses), "run": RUN_HASH, "entry": entry}
    )
    run = {
        "study": study or source.split(".")[2],
        "scale": SCALE,
        "seed": SETTINGS.seed,
        "code_hash": code,
        "overrides": modified,
    }

    def text(wildcards):
        values = {
            name: plain(value(wildcards) if callable(value) else value)
            for name, value in arguments.items()
        }
        content = {"function": function, "arguments": values, "run": run}
        return json.dumps(content, sort_keys=True)

    def files(wildcards, input, output):
        return json.dumps(
            {"inputs": named_files(input), "outputs": named_files(output)}
        )

    return {"call": text, "files": files}


def named_files(files):
    """Return the named files of a rule, each a path, a list of paths, or None for an empty list."""
    return {
        name: str(value) if isinstance(value, str) else [str(v) for v in value] or None
        for name, value in files.items()
    }


def wildcard(name, kind=str):
    """Return an argument of call() that is a wildcard."""
    return lambda wildcards: kind(wildcards[name])


def grows(base):
    """Return a resource that a job gets once at its first attempt, twice at the second: a number, or a function of its wildcards."""

    def amount(wildcards, attempt):
        return attempt * (base(wildcards) if callable(base) else base)

    return amount


def pick(records, name):
    """Return an argument of call() that is the record which a wildcard names."""
    return lambda wildcards: getattr(records, wildcards[name])


def batch_count(number, size):
    """Return how many batches hold so many samples."""
    return -(-number // size)


def batch_items(items, size):
    """Return an argument of call(): the items of the batch that the wildcard ``batch`` numbers."""

    def those(wildcards):
        start = int(wildcards.batch) * size
        return list(items[start : start + size])

    return those


def user_image(name, reader, *arguments):
    """Return the user's image of a name in ``inputs``, once the reader of its study ("package.module:name") takes it.

    An image that is refused so ends the command before any job has begun. The content of an image, not its time,
    says whether it is another one.
    """
    try:
        image = find_image("inputs", name)
        read_once(reader, image, *arguments)
    except MesobayesError as error:
        sys.exit(f"error: {error}")
    return ancient(str(image))


@functools.cache
def read_once(reader, image, *arguments):
    """Read an image; where this process lacks the libraries for that, its job will."""
    where, _, name = reader.partition(":")
    with contextlib.suppress(ModuleNotFoundError):
        getattr(importlib.import_module(where), name)(image, *arguments)


def draw(where, settings=None, **inputs):
    """Return how a target is made: by the function of its name in a Python module, from these inputs and settings."""
    return {"module": where, "settings": settings or {}, "inputs": inputs}


def drawing_call(target):
    """Return the parameters of a target's rule; a new wording of its caption draws nothing again."""
    how = TARGETS[target.slug]
    study = how["module"].split(".")[2]
    kept = {
        "slug": target.slug,
        "title": target.title,
        "printed": target.printed,
        "settings": dict(target.settings),
    }
    return call(
        "mesobayes.drawing.target:make_target",
        uses=[how["module"]],
        study=study,
        modified=[key for key in OVERRIDES if key.startswith(f"{study}.")],
        slug=target.slug,
        entry=plain(kept),
        function=f"{how['module']}:{target.slug}",
        settings=how["settings"],
    )


def describe(name, text):
    """Say what a rule does, under whatever name another workflow uses it."""
    used = workflow.modifier.modify_rulename(name)
    if workflow.is_rule(used):
        workflow.get_rule(used).docstring = text


def write_configuration():
    """Keep the resolved configuration under its hash, which every result states."""
    path = Path(f"results/configurations/{CONFIGURATION}.yaml")
    if not path.is_file():
        with replacing(path) as temporary:
            temporary.write_text(
                yaml.safe_dump(plain(SETTINGS), sort_keys=False), encoding="utf-8"
            )


def write_command(words):
    """Write the words of this command, for `mesobayes resume`."""
    Path("results/.last_run.json").write_text(json.dumps(words), encoding="utf-8")


def refuse_unwritable_folders():
    """End with one sentence where the disk is full or read-only, before anything is lost there."""
    if RUNS:
        try:
            refuse_unwritable(".snakemake", "results", "logs")
        except MesobayesError as error:
            sys.exit(f"error: {error}")


def refuse_unmakeable_targets(arguments):
    """End with one sentence when the command line asks for a planned target or a misspelt one."""
    planned = {
        name: target
        for target in REGISTRY.targets
        if target.slug not in TARGETS
        for name in (target.rule, *target.files)
    }
    names = [target.rule for target in REGISTRY.targets] + ["table_reproduction"]
    files = [
        file for target in REGISTRY.targets for file in target.files
    ] + TABLE_REPRODUCTION
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
