# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job starts with and what it says: variables, threads, device; log records, the sentence of an error.

This module imports no numerical library: thread counts act only when they are set before the first import.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from mesobayes.record.errors import MesobayesError
from mesobayes.record.files import is_disk_full, why_not_written

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "PJRT_NPROC",  # the thread pool of XLA on a CPU
)

NO_GPU = (
    "a GPU was asked for, but JAX finds none: prepare the environment by `make env GPU=1`, check "
    "`nvidia-smi`, or run without --profile profiles/gpu"
)
OUT_OF_MEMORY = "memory ran out: run fewer jobs at once (--cores, --jobs), or take a smaller batch or image"
_CHATTER = ("fontTools", "matplotlib")
_HUGE_PAGES = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=100000000000"


def process_environment(sources: Path, cache: Path) -> dict[str, str]:
    """Return the environment variables that a job's process must be *started* with.

    Huge pages make training 25-44 % faster on a CPU and change no number; glibc reads them when a process
    starts. XLA must not take a whole GPU for a job that needs little of it. Compiled functions are kept on
    disk between jobs, the small ones too: building a network compiles dozens of them. The package is taken
    from ``sources``. A variable that the user has set stays as it is, but for one: where Python may not write
    bytecode, as in many containers, every job would compile its imports for 5 to 8 s; jobs then keep it below
    ``cache``.
    """
    path = [str(sources), *filter(None, [os.environ.get("PYTHONPATH")])]
    wanted = {
        "GLIBC_TUNABLES": _HUGE_PAGES,
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "JAX_COMPILATION_CACHE_DIR": str(cache / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    kept = {name: value for name, value in wanted.items() if name not in os.environ}
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        kept |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(cache / "python")}
    return {**kept, "PYTHONPATH": os.pathsep.join(dict.fromkeys(path))}


def limit_resources(threads: int, gpus: int = 0) -> None:
    """Make BLAS, OpenMP and XLA use so many threads, and JAX a GPU only where one was asked for.

    Call it before any of these is imported.
    """
    for name in _THREAD_VARIABLES:
        os.environ[name] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cuda" if gpus else "cpu"


def explain(error: Exception) -> str:
    """Return the sentence that a user reads: the message, behind the type of an error that is not ours."""
    if _misses_gpu(error):
        return NO_GPU
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return f"{OUT_OF_MEMORY} ({error})"
    if isinstance(error, OSError) and is_disk_full(error):
        return f"{error.filename or 'a file'} cannot be written: {why_not_written(error)}"
    return str(error) if isinstance(error, MesobayesError) else f"{type(error).__name__}: {error}"


def _misses_gpu(error: Exception) -> bool:
    """Whether JAX was told to use a GPU and finds none; without its plugin it says so by a bare assertion.

    JAX removes its own frames from the traceback, so it is asked again instead.
    """
    if "Unable to initialize backend 'cuda'" in str(error):
        return True
    if os.environ.get("JAX_PLATFORMS") != "cuda" or "jax" not in sys.modules:
        return False
    try:
        sys.modules["jax"].devices()
    except (AssertionError, RuntimeError):
        return True
    return False


@contextlib.contextmanager
def console_logging() -> Iterator[None]:
    """Send log records of level INFO and above to standard error; of libraries that draw only warnings."""
    root = logging.getLogger()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    level = root.level
    handler.addFilter(lambda record: record.levelno > logging.INFO or not record.name.startswith(_CHATTER))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
