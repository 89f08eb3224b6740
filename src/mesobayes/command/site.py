# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes site`: the Slurm profile with account and partitions of one's own cluster, checked."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mesobayes.record.errors import MesobayesError

SOURCE, SITE = Path("profiles/slurm/config.yaml"), Path("profiles/site/config.yaml")
_HEAD = f"# Written by `mesobayes site` from {SOURCE}: snakemake --profile {SITE.parent} [targets]\n"


def site(account: str, partition: str, gpu_partition: str | None) -> int:
    """Write the profile, and say which of its jobs ask for more time than their partition gives; 1 if any."""
    source = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    profile = site_profile(source, account, partition, gpu_partition, Path.cwd())
    SITE.parent.mkdir(exist_ok=True)
    SITE.write_text(_HEAD + yaml.safe_dump(profile, sort_keys=False), encoding="utf-8")
    print(f"{SITE}: jobs are called {profile['slurm-jobname-prefix']}_…; start with --profile {SITE.parent}")
    problems = list(too_long(profile, partition_limits()))
    for problem in problems:
        print(f"problem: {problem}")
    return 1 if problems else 0


def site_profile(
    source: Mapping[str, Any], account: str, partition: str, gpu_partition: str | None, folder: Path
) -> dict[str, Any]:
    """Return the Slurm profile of a site.

    The prefix of job names carries an id of the working folder, so that `scancel` by prefix ends the jobs of
    this folder alone. Without a partition for GPUs no job asks for one.

    Raises:
        MesobayesError: a name holds what Slurm does not take.
    """
    for name in filter(None, (account, partition, gpu_partition)):
        if not re.fullmatch(r"[\w.-]+", name):
            raise MesobayesError(f"{name!r} is no name of a Slurm account or partition")
    number = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:6]
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
        "slurm-jobname-prefix": f"{source['slurm-jobname-prefix']}-{number}",
        "set-resources": {rule: values for rule, values in given.items() if values},
    }


def too_long(profile: Mapping[str, Any], limits: Mapping[str, int]) -> Iterator[str]:
    """Say which rules ask for more minutes than their partition gives, in their last attempt.

    Slurm would keep such a job pending for ever, without a word.
    """
    usual, attempts = profile["default-resources"], profile.get("retries", 0) + 1
    jobs = {"other rules": {}, **profile["set-resources"]}
    for rule, values in jobs.items():
        asked = {**usual, **values}
        minutes = minutes_of(asked["runtime"], attempts)
        limit = limits.get(asked["slurm_partition"])
        if limit is not None and minutes > limit:
            yield (
                f"{rule} asks for {minutes} minutes in attempt {attempts}, partition "
                f"{asked['slurm_partition']} gives {limit}: lower its runtime in {SITE}, or take another one"
            )


def minutes_of(runtime: int | str, attempt: int) -> int:
    """Return the minutes of a runtime such as 60 or `240 * attempt`."""
    factors = [attempt if word.strip() == "attempt" else int(word) for word in str(runtime).split("*")]
    product = 1
    for factor in factors:
        product *= factor
    return product


def partition_limits() -> dict[str, int]:
    """Return the time limits of this cluster's partitions in minutes; empty without Slurm or limits."""
    if shutil.which("sinfo") is None:
        return {}
    done = subprocess.run(
        ["sinfo", "--noheader", "--format", "%R %l"], capture_output=True, text=True, check=False
    )
    return read_limits(done.stdout)


def read_limits(text: str) -> dict[str, int]:
    """Read lines such as `cpu 2-00:00:00`, `debug 30:00`, `long infinite`."""
    found = {}
    for line in text.splitlines():
        name, limit = line.split()
        match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", limit)
        if match:
            days, hours, minutes = (int(part or 0) for part in match.groups()[:3])
            found[name] = (days * 24 + hours) * 60 + minutes
    return found
