# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes resume`: the last run of this folder goes on where it was interrupted."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from mesobayes.command.slurm import cancel, queue_of
from mesobayes.command.workflow import drivers, snakemake
from mesobayes.record.errors import MesobayesError

LAST_RUN = Path("results/.last_run.json")  # written when a run starts


def resume() -> int:
    """Unlock the folder if nobody works in it, and give the last command again; return its exit status.

    Jobs that the last run has left in the queue of Slurm come first.

    Raises:
        MesobayesError: a run is at work here, or none was started yet.
    """
    at_work = drivers()
    if at_work:
        raise MesobayesError(
            f"snakemake works in this folder already (process {at_work[0]}): wait for it, or stop it first"
        )
    arguments = last_arguments()
    settle_queue()
    subprocess.run(snakemake("--unlock"), check=True, capture_output=True)
    print(f"snakemake {' '.join(arguments)}", flush=True)
    return subprocess.run(snakemake(*arguments), check=False).returncode


def settle_queue(pause: float = 5.0) -> None:
    """Take the waiting jobs of this folder out of the queue and wait for the running ones.

    Nothing is done twice then: what a job makes without its driver counts.
    """
    waiting = [job for job in queue_of(Path.cwd()) if not job.running]
    if waiting:
        cancel(waiting)
        print(f"{len(waiting)} waiting jobs of this folder taken out of the queue", flush=True)
    running = queue_of(Path.cwd())
    if running:
        numbers = " ".join(job.number for job in running)
        print(f"{len(running)} jobs of this folder still run and are waited for", flush=True)
        print(f"to go on at once, from their checkpoints: scancel {numbers}", flush=True)
    while queue_of(Path.cwd()):
        time.sleep(pause)


def last_arguments(path: Path = LAST_RUN) -> list[str]:
    """Return the words of the last command. Raises MesobayesError where there is none."""
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise MesobayesError(
            f"{path} does not say what ran last: give the command of snakemake itself"
        ) from None
    return [str(word) for word in words]
