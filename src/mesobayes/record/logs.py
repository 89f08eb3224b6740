# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of a job: everything it says goes to its log and to the console, and it keeps to its threads.

This module imports no numerical library: thread counts act only when they are set before the first import.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from mesobayes.record.errors import MesobayesError

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


@contextlib.contextmanager
def job_log(path: Path | str, threads: int, gpus: int = 0) -> Iterator[None]:
    """Run a job's body: limit its resources, copy its output, its logging and its traceback to a file.

    Output is copied at the level of file descriptors, so that what compiled libraries print arrives too.

    Raises:
        SystemExit: with status 1 when the body raised; the traceback, then the message as the last line, are
            in the log and on the console by then.
    """
    limit_resources(threads, gpus)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with path.open("wb", buffering=0) as log, _copied(log.fileno(), 1), _copied(log.fileno(), 2), _logging():
        try:
            yield
        except Exception as error:
            sys.stdout.flush()
            traceback.print_exc()
            sys.stderr.write(f"error: {explain(error)}\n")  # one write: the other stream cannot come between
            raise SystemExit(1) from None
        finally:
            print(f"wall time {time.perf_counter() - start:.1f} s", flush=True)


def explain(error: Exception) -> str:
    """Return the sentence that a user reads: the message, behind the type of an error that is not ours."""
    if _misses_gpu(error):
        return NO_GPU
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
def _logging() -> Iterator[None]:
    """Send log records of level INFO and above to standard error; of fonts in a PDF only warnings."""
    root = logging.getLogger()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    level = root.level
    handler.addFilter(lambda record: record.levelno > logging.INFO or not record.name.startswith("fontTools"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@contextlib.contextmanager
def _copied(log: int, descriptor: int) -> Iterator[None]:
    """Copy what is written to a file descriptor to ``log`` as well, until the block ends."""
    stream = sys.stdout if descriptor == 1 else sys.stderr
    stream.flush()
    console = os.dup(descriptor)
    reader, writer = os.pipe()
    os.dup2(writer, descriptor)
    os.close(writer)
    pump = threading.Thread(target=_pump, args=(reader, (console, log)), daemon=True)
    pump.start()
    try:
        yield
    finally:
        stream.flush()
        os.dup2(console, descriptor)  # closes the last writing end, which ends the pump
        pump.join(timeout=10)
        os.close(reader)
        os.close(console)


def _pump(reader: int, targets: tuple[int, int]) -> None:
    with contextlib.suppress(OSError):
        while chunk := os.read(reader, 65536):
            for target in targets:
                with contextlib.suppress(OSError):
                    os.write(target, chunk)
