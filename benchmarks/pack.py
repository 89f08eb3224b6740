# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack what a machine without network needs to go on here: libraries that it lacks, and stores, in one
archive.

    make pack                                                       # what would be packed, and how large it
    is python benchmarks/pack.py --have freeze.txt --stores results/paper/permeability/mono/cells.zarr.zip

`freeze.txt` is what `python -m pip freeze` prints there; of the lock only what is missing or differs is
packed, as wheels for the interpreter that runs this. On the other machine, in a checkout of the same
commit:

    tar xf pack.tar && python -m pip install --no-index --no-deps pack/wheels/*.whl && cp -r pack/results .

An archive above the limit is refused, with the largest files in it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

LOCK = Path("envs/requirements-gpu.txt")
LIMIT = 64 * 2**20


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--have", type=Path, help="what pip freeze prints on the other machine")
    parser.add_argument("--lock", type=Path, default=LOCK)
    parser.add_argument("--stores", type=Path, nargs="*", default=[], help="files below results/")
    parser.add_argument("--output", type=Path, default=Path("pack.tar"))
    arguments = parser.parse_args()
    have = arguments.have.read_text(encoding="utf-8") if arguments.have else ""
    wanted = missing(arguments.lock.read_text(encoding="utf-8"), have)
    print(f"{len(wanted)} libraries are missing there: {' '.join(wanted.values())}", flush=True)
    if arguments.have is None and not arguments.stores:
        print("give --have, what pip freeze prints there, or --stores")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        wheels = download(list(wanted.values()), Path(folder)) if arguments.have else []
        members = {f"pack/wheels/{path.name}": path for path in wheels}
        members |= {f"pack/{path.as_posix()}": path for path in arguments.stores}
        size = write_archive(members, arguments.output)
    print(f"{arguments.output}: {len(members)} files, {size / 2**20:.1f} MiB")
    return 0


def missing(lock: str, have: str) -> dict[str, str]:
    """Return the requirements of a lock, by name, that a list of installed libraries does not hold."""
    there = _pinned(have)
    return {
        name: f"{name}=={version}" for name, version in _pinned(lock).items() if there.get(name) != version
    }


def _pinned(text: str) -> dict[str, str]:
    """Return versions by normalised name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def download(requirements: Sequence[str], folder: Path) -> list[Path]:
    """Fetch wheels, without what they need in turn: the lock names all."""
    if requirements:
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*words, "--dest", str(folder), *requirements], check=True)
    return sorted(folder.glob("*.whl"))


def write_archive(members: Mapping[str, Path], output: Path, limit: int = LIMIT) -> int:
    """Write the archive and return its size in bytes.

    Raises SystemExit when the files are larger than the limit; then nothing is written.
    """
    sizes = {name: path.stat().st_size for name, path in members.items()}
    if sum(sizes.values()) > limit:
        largest = sorted(sizes, key=lambda name: sizes[name], reverse=True)[:5]
        words = ", ".join(f"{name} {sizes[name] / 2**20:.1f}" for name in largest)
        raise SystemExit(
            f"error: {sum(sizes.values()) / 2**20:.1f} MiB are more than {limit / 2**20:.0f}; "
            f"the largest: {words}"
        )
    with tarfile.open(output, "w") as archive:  # wheels and stores are compressed
        for name, path in members.items():
            archive.add(path, arcname=name)
    return output.stat().st_size


if __name__ == "__main__":
    sys.exit(main())
