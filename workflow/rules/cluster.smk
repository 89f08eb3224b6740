# SPDX-License-Identifier: GPL-3.0-or-later
# What a Slurm cluster cannot run is refused before the first job of a run is submitted.


def refuse_what_slurm_would_keep():
    """End with a sentence where jobs would stay pending for ever, or bear the name of another folder's jobs."""
    prefix = getattr(workflow.executor_settings, "jobname_prefix", None)
    if prefix is None:
        return
    from mesobayes.command.slurm import NAME, beyond, partition_limits, prefix_of

    if prefix.startswith(f"{NAME}-") and prefix != prefix_of(Path.cwd()):
        sys.exit(
            f"error: the profile is that of another folder, its jobs are called {prefix}: `mesobayes site` "
            "makes one for this folder"
        )
    problems = beyond(asked_of_slurm(workflow.dag), partition_limits())
    if problems:
        sys.exit("\n".join(f"error: {problem}" for problem in problems))


def asked_of_slurm(dag):
    """Yield what every job, or chain of jobs, will ask for at its first attempt and at its last one."""
    from mesobayes.command.slurm import Asked

    units = {dag.get_job_group(job) or job for job in dag.needrun_jobs()}
    for unit in units:
        name = (
            f"{unit.groupid}, a chain of {len(unit)} jobs,"
            if unit.is_group()
            else unit.name
        )
        for attempt in (1, unit.restart_times + 1):
            unit.attempt = attempt
            asked = unit.resources
            yield Asked(
                name,
                attempt,
                asked["slurm_partition"],
                asked["runtime"],
                asked["mem_mb"],
            )
        unit.attempt = 1
