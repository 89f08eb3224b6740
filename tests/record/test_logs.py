# SPDX-License-Identifier: GPL-3.0-or-later
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mesobayes.record.logs import NO_GPU, process_environment

JOB = """
    import logging, os, sys
    from mesobayes.record.errors import StoreError
    from mesobayes.record.logs import job_log
    with job_log(sys.argv[1], threads=3):
        print("printed by Python")
        os.system("echo printed by a child")
        os.write(2, b"written to descriptor 2\\n")
        logging.getLogger("study").info("logged")
        {last}
"""


def run_job(log: Path, last: str = "pass") -> subprocess.CompletedProcess:
    code = textwrap.dedent(JOB).replace("{last}", last)
    return subprocess.run([sys.executable, "-c", code, log], capture_output=True, text=True, timeout=60)


def test_all_output_is_in_the_log_and_on_the_console(tmp_path):
    log = tmp_path / "deep" / "job.log"
    done = run_job(log)
    assert done.returncode == 0
    for words in ("printed by Python", "printed by a child", "descriptor 2", "study: logged", "wall time"):
        assert log.read_text().count(words) == 1, words
        assert (done.stdout + done.stderr).count(words) == 1, words


def test_of_the_fonts_in_a_pdf_a_log_holds_warnings_only(tmp_path):
    log = tmp_path / "job.log"
    fonts = 'logging.getLogger("fontTools.subset")'
    assert run_job(log, f'{fonts}.info("glyf pruned"); {fonts}.warning("no glyph")').returncode == 0
    assert "no glyph" in log.read_text()
    assert "pruned" not in log.read_text()


def test_a_traceback_is_in_both_and_the_message_is_the_last_line_of_it(tmp_path):
    log = tmp_path / "job.log"
    done = run_job(log, 'raise StoreError("a.zarr.zip cannot be used: damaged. Delete this file.")')
    assert done.returncode == 1
    for text in (log.read_text(), done.stderr):
        assert "Traceback" in text
        assert "error: a.zarr.zip cannot be used: damaged. Delete this file." in text.splitlines()


def test_an_error_of_no_known_kind_says_its_type(tmp_path):
    assert "error: ZeroDivisionError: division by zero" in run_job(tmp_path / "job.log", "1 / 0").stderr


def test_threads_are_limited_before_a_numerical_library_is_loaded(tmp_path):
    names = ("OMP_NUM_THREADS", "PJRT_NPROC", "JAX_PLATFORMS")
    last = f'print(*[os.environ[name] for name in {names}], "numpy" in sys.modules)'
    assert "3 3 cpu False" in run_job(tmp_path / "job.log", last).stdout


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
    code = f"""
        import sys
        from mesobayes.record.logs import job_log
        with job_log(sys.argv[1], threads=1, gpus=1):
            {body}
    """
    arguments = [sys.executable, "-c", textwrap.dedent(code), tmp_path / "job.log"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"error: {NO_GPU}" in done.stderr.splitlines()


def test_a_failed_assertion_of_ours_is_no_missing_gpu(tmp_path):
    code = """
        import os, sys
        from mesobayes.record.logs import job_log
        with job_log(sys.argv[1], threads=1, gpus=1):
            assert False, "seven"
    """
    arguments = [sys.executable, "-c", textwrap.dedent(code), tmp_path / "job.log"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert "error: AssertionError: seven" in done.stderr.splitlines()


def test_a_job_starts_with_huge_pages_and_takes_no_whole_gpu(monkeypatch):
    for name in ("GLIBC_TUNABLES", "XLA_PYTHON_CLIENT_PREALLOCATE", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    wanted = process_environment(Path("src"), Path("cache"))
    assert "glibc.malloc.hugetlb=1" in wanted["GLIBC_TUNABLES"]
    assert wanted["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert wanted["PYTHONPATH"] == "src"


@pytest.mark.parametrize("name", ["GLIBC_TUNABLES", "JAX_COMPILATION_CACHE_DIR"])
def test_what_the_user_has_set_stays(monkeypatch, name):
    monkeypatch.setenv(name, "mine")
    assert name not in process_environment(Path("src"), Path("cache"))


def test_jobs_keep_bytecode_in_the_cache_where_python_may_write_none(monkeypatch):
    names = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"}
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    assert not names & set(process_environment(Path("src"), Path("cache")))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    wanted = process_environment(Path("src"), Path("cache"))
    assert (wanted["PYTHONDONTWRITEBYTECODE"], wanted["PYTHONPYCACHEPREFIX"]) == ("", "cache/python")
