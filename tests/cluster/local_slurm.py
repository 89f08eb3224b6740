# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Slurm on this machine for the length of a test: munged, slurmctld and slurmd, on loopback alone."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

SYSTEM = Path("/etc/slurm/slurm.conf")
DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "srun", "squeue", "scancel", "sinfo")
# a step starts `srun` without SLURM_CONF, which is why the file of the system must lead to this one
CONFIGURATION = """\
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SrunPortRange={ports[2]}-{last}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/done.txt
MinJobAge=3600
KillWait=1
OverTimeLimit=0
PropagateResourceLimits=NONE
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 \
RealMemory=64000 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES DefaultTime=10 MaxTime=1000 State=UP
PartitionName=brief Nodes={host} Default=NO DefaultTime=1 MaxTime=20 State=UP
"""


def obstacle() -> str | None:
    """Say why there can be no Slurm here, None if there can."""
    missing = [name for name in (*DAEMONS, *COMMANDS) if shutil.which(name) is None]
    if missing:
        return f"no {missing[0]}: install slurm-wlm and munge (Debian)"
    if os.geteuid() != 0:
        return "slurmd must be started by root"
    if os.path.lexists(SYSTEM):
        return f"{SYSTEM} is there: this machine has a Slurm of its own"
    host = socket.gethostname().partition(".")[0]
    try:
        address = socket.gethostbyname(host)
    except OSError:
        address = "no address"
    if not address.startswith("127."):
        return f"{host} has {address}, and Slurm would listen there: give it 127.0.0.1 in /etc/hosts"
    return None


@contextlib.contextmanager
def local_slurm(folder: Path) -> Iterator[Path]:
    """Run a cluster of one node and the partitions `cpu` and `brief` until the block ends."""
    for name in ("state", "spool"):
        folder.joinpath(name).mkdir(parents=True)
    folder.chmod(0o755)
    write_configuration(folder)
    SYSTEM.parent.mkdir(parents=True, exist_ok=True)
    SYSTEM.symlink_to(folder / "slurm.conf")
    started: list[subprocess.Popen] = []
    try:
        started.append(start(folder, "munged", *munge_options(folder)))
        wait_until(lambda: (folder / "munge.socket").exists(), folder)
        started.append(start(folder, "slurmctld", "-D"))
        started.append(start(folder, "slurmd", "-D"))
        wait_until(lambda: "idle" in said("sinfo", "--noheader", "--format", "%T"), folder)
        yield folder
        said("scancel", "--user", "root")
        wait_until(lambda: not said("squeue", "--noheader", "--format", "%i"), folder)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
        SYSTEM.unlink()


def write_configuration(folder: Path) -> None:
    """Write the files that the three daemons read."""
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(1024))
    host = socket.gethostname().partition(".")[0]
    ports = free_ports(3)
    text = CONFIGURATION.format(host=host, folder=folder, ports=ports, last=ports[2] + 200)
    (folder / "slurm.conf").write_text(text, encoding="utf-8")


def munge_options(folder: Path) -> tuple[str, ...]:
    """Return the options of a munged with its own key and socket, as root on purpose."""
    files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid"}
    files |= {"log-file": "munged.log", "seed-file": "munged.seed"}
    options = [f"--{name}={folder / file}" for name, file in files.items()]
    return ("--foreground", "--force", "--num-threads=2", "--origin=127.0.0.1", *options)


def start(folder: Path, name: str, *options: str) -> subprocess.Popen:
    """Start a daemon in the foreground; what it says goes to a file."""
    with folder.joinpath(f"{name}.out").open("wb") as out:
        return subprocess.Popen([name, *options], stdout=out, stderr=out, start_new_session=True)


def said(*command: str) -> str:
    """Return what a command prints, nothing where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip() if done.returncode == 0 else ""


def wait_until(condition, folder: Path, seconds: float = 60.0) -> None:
    """Wait for something. Raises RuntimeError with the last lines of the daemons where it does not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            logs = [*folder.glob("*.log"), *folder.glob("*.out")]
            tails = [f"{log.name}: {log.read_text(errors='replace')[-500:]}" for log in logs]
            raise RuntimeError("Slurm did not start or stop:\n" + "\n".join(tails))
        time.sleep(0.1)


def free_ports(number: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
