# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of a job: what it prints, how it ends, and what its parent says when a signal ends it."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mesobayes.record.job import Job, killed
from mesobayes.record.logs import NO_GPU

JOB = """
    import logging, os, signal, sys, time
    from pathlib import Path
    from mesobayes.record.errors import StoreError
    from mesobayes.record.job import Job, run_job

    def body():
        {body}

    sys.exit(run_job(body, Job(Path(sys.argv[1]), threads=3, gpus={gpus}, mem_mb=500)))
"""


def command(log, body, gpus=0):
    body = textwrap.indent(textwrap.dedent(body).strip(), " " * 8).strip()
    code = textwrap.dedent(JOB).replace("{gpus}", str(gpus)).replace("{body}", body.replace("\n    ", "\n"))
    return [sys.executable, "-c", code, log]


def run_job(log, body="pass", gpus=0):
    return subprocess.run(command(log, body, gpus), capture_output=True, text=True, timeout=60)


def test_all_output_is_in_the_log_and_behind_the_name_of_the_job_on_the_console(tmp_path):
    log = tmp_path / "logs" / "smoke" / "fit_model" / "modern_0.log"
    body = """
        print("printed by Python")
        os.system("echo printed by a child")
        os.write(2, b"written to descriptor 2\\n")
        logging.getLogger("study").info("logged")
        os.write(1, b"without an end of line")
    """
    done = run_job(log, body)
    assert done.returncode == 0
    words = (
        "printed by Python",
        "printed by a child",
        "descriptor 2",
        "study: logged",
        "without an end",
        "done in",
    )
    for some in words:
        assert log.read_text().count(some) == 1, some
        assert done.stderr.count(some) == 1, some
    assert done.stderr.count("logs/smoke/fit_model") == 0
    lines = done.stderr.splitlines()
    assert len(lines) == len(words)
    assert all(line.startswith("fit_model/modern_0 | ") for line in lines)
    assert log.read_text().startswith("begun ")
    assert "3 threads, 500 MB of memory" in log.read_text().splitlines()[0]


def test_of_the_fonts_in_a_pdf_a_log_holds_warnings_only(tmp_path):
    log = tmp_path / "job.log"
    fonts = 'logging.getLogger("fontTools.subset")'
    assert run_job(log, f'{fonts}.info("glyf pruned"); {fonts}.warning("no glyph")').returncode == 0
    assert "no glyph" in log.read_text()
    assert "pruned" not in log.read_text()


def test_a_traceback_is_in_both_and_the_sentence_is_the_last_line_of_all(tmp_path):
    log = tmp_path / "job.log"
    done = run_job(log, 'raise StoreError("a.zarr.zip cannot be used: damaged. Delete this file.")')
    assert done.returncode == 1
    for text in (log.read_text(), done.stderr):
        assert "Traceback" in text
        assert text.splitlines()[-1].endswith("error: a.zarr.zip cannot be used: damaged. Delete this file.")


def test_threads_are_limited_before_a_numerical_library_is_loaded(tmp_path):
    names = ("OMP_NUM_THREADS", "PJRT_NPROC", "JAX_PLATFORMS")
    body = f'print(*[os.environ[name] for name in {names}], "numpy" in sys.modules)'
    assert "3 3 cpu False" in run_job(tmp_path / "job.log", body).stderr


def test_a_job_that_is_killed_says_so_with_its_memory_and_what_to_do(tmp_path):
    log = tmp_path / "logs" / "smoke" / "fit_model" / "a.log"
    done = run_job(log, "x = bytearray(300 * 2**20); os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == 128 + signal.SIGKILL
    last = log.read_text().splitlines()[-1]
    assert done.stderr.splitlines()[-1] == f"fit_model/a | {last}"
    assert last.startswith("error: ended by SIGKILL after ")
    assert 0.29 < float(last.split(" GB of memory in use")[0].split()[-1]) < 0.45
    assert "0.50 GB asked for" in last
    assert last.endswith("--set-resources fit_model:mem_mb=1000")


def test_a_cancelled_job_and_a_crash_are_told_apart():
    job = Job(Path("logs/small/fit_model/a.log"), threads=1)
    assert "somebody cancelled it, or its time was up" in killed(signal.SIGTERM, 60, 1, job)
    assert "a compiled library crashed" in killed(signal.SIGSEGV, 60, 1, job)


@pytest.fixture
def started(tmp_path):
    """The frame of a job that waits, its child, and its log."""
    log = tmp_path / "job.log"
    waiting = command(log, "print(os.getpid(), flush=True); time.sleep(60)")
    with subprocess.Popen(waiting, stderr=subprocess.PIPE, text=True) as frame:
        yield frame, int(frame.stderr.readline().split()[-1]), log


def is_alive(process):
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().split(")")[1].split()[0] != "Z"


def test_a_signal_to_the_frame_ends_the_work(started):
    frame, child, log = started
    frame.terminate()
    assert frame.wait(timeout=30) == 128 + signal.SIGTERM
    assert not is_alive(child)
    assert "error: ended by SIGTERM" in log.read_text()


def test_no_work_goes_on_without_its_frame(started):
    frame, child, log = started
    frame.kill()
    frame.wait(timeout=30)
    deadline = time.monotonic() + 30
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)
    assert log.read_text().splitlines()[-1] == str(child)  # begun, and no end


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    done = run_job(tmp_path / "file" / "job.log")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "job.log cannot be written: " in line
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    "body",
    [
        "raise RuntimeError(\"Unable to initialize backend 'cuda': no visible device\")",
        "import jax; jax.devices()",  # the real thing, here without a GPU
        "import jax; jax.numpy.ones(3)",
    ],
)
def test_a_gpu_that_is_not_there_gives_one_clear_line(tmp_path, body):
    if "import jax" in body and shutil.which("nvidia-smi"):
        pytest.skip("a GPU is there")
    done = run_job(tmp_path / "job.log", body, gpus=1)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"| error: {NO_GPU}")


def test_a_failed_assertion_of_ours_is_no_missing_gpu(tmp_path):
    done = run_job(tmp_path / "job.log", "assert False, 'seven'", gpus=1)
    assert done.stderr.splitlines()[-1].endswith("| error: AssertionError: seven")
