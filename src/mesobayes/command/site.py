# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes site`: the Slurm profile with account and partitions of one's own cluster, checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mesobayes.command.slurm import Limits, partition_limits, prefix_of
from mesobayes.record.errors import MesobayesError

SOURCE, SITE = Path("profiles/slurm/config.yaml"), Path("profiles/site/config.yaml")
_HEAD = f"# Written by `mesobayes site` from {SOURCE}, for the jobs of this folder alone\n"
_RULE = re.compile(r"^rule (\w+):.*?runtime=grows\((\d+)\)", re.MULTILINE | re.DOTALL)


def site(account: str, partition: str, gpu_partition: str | None) -> int:
    """Write the profile; say what of it does not fit the partitions of this cluster, 1 if anything."""
    source = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    profile = site_profile(source, account, partition, gpu_partition, Path.cwd())
    limits = partition_limits()
    problems = list(fit_times(profile, runtimes(Path("workflow/rules")), limits))
    SITE.parent.mkdir(exist_ok=True)
    SITE.write_text(_HEAD + yaml.safe_dump(profile, sort_keys=False), encoding="utf-8")
    if not limits:
        print("note: sinfo gives no partitions here, so no limits were checked")
    for problem in problems:
        print(f"problem: {problem}")
    prefix = profile["slurm-jobname-prefix"]
    print(f"{SITE}: jobs are called {prefix}_…; start with snakemake --profile {SITE.parent}")
    return 1 if problems else 0


def site_profile(
    source: Mapping[str, Any], account: str, partition: str, gpu_partition: str | None, folder: Path
) -> dict[str, Any]:
    """Return the Slurm profile of a site.

    The prefix of job names carries an id of the working folder, so that whoever ends the jobs of this folder
    ends no others. Without a partition for GPUs no job asks for one.

    Raises:
        MesobayesError: a name holds what Slurm does not take.
    """
    for name in filter(None, (account, partition, gpu_partition)):
        if not re.fullmatch(r"[\w.-]+", name):
            raise MesobayesError(f"{name!r} is no name of a Slurm account or partition")
    given = {rule: dict(values) for rule, values in source["set-resources"].items()}
    for values in given.values():
        if values.get("gpu") and gpu_partition:
            values["slurm_partition"] = gpu_partition
        elif gpu_partition is None:
            values.pop("gpu", None)
    usual = {**source["default-resources"], "slurm_account": account, "slurm_partition": partition}
    return {
        **source,
        "default-resources": usual,
        "slurm-jobname-prefix": prefix_of(folder),
        "set-resources": {rule: values for rule, values in given.items() if values},
    }


def runtimes(folder: Path) -> dict[str, int]:
    """Return the minutes that the rules in a folder ask for at their first attempt."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.smk"))]
    return {rule: int(minutes) for text in texts for rule, minutes in _RULE.findall(text)}


def fit_times(
    profile: dict[str, Any], asked: Mapping[str, int], limits: Mapping[str, Limits]
) -> Iterator[str]:
    """Stop the growth of runtimes at the limits of the partitions; say what does not even fit at first.

    Slurm would keep a job that asks for more pending for ever, without a word.
    """
    usual = profile["default-resources"]["slurm_partition"]
    resources = profile["set-resources"]
    partitions = {usual, *(values.get("slurm_partition", usual) for values in resources.values())}
    for name in sorted(partitions - set(limits)) if limits else []:
        yield f"there is no partition {name}: this cluster has {', '.join(sorted(limits))}"
    attempts = profile.get("retries", 0) + 1
    for rule, minutes in asked.items():
        name = resources.get(rule, {}).get("slurm_partition", usual)
        limit = limits.get(name, Limits(None, None)).minutes
        if limit is None or minutes * attempts <= limit:
            continue
        resources.setdefault(rule, {})["runtime"] = f"min({minutes} * attempt, {limit})"
        if minutes > limit:
            yield f"{rule} asks for {minutes} minutes, partition {name} gives {limit}: it gets no more"
