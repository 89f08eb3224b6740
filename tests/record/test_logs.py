# SPDX-License-Identifier: GPL-3.0-or-later
import errno
from pathlib import Path

import pytest

from mesobayes.record.errors import StoreError
from mesobayes.record.logs import OUT_OF_MEMORY, explain, process_environment


def test_an_error_of_ours_is_its_own_sentence_and_others_say_their_type():
    assert explain(StoreError("a.zarr.zip cannot be used: damaged.")) == "a.zarr.zip cannot be used: damaged."
    assert explain(ZeroDivisionError("division by zero")) == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    "error", [MemoryError("Unable to allocate 80 GiB"), RuntimeError("RESOURCE_EXHAUSTED: Out of memory")]
)
def test_memory_that_ran_out_is_said_with_what_to_do(error):
    assert explain(error) == f"{OUT_OF_MEMORY} ({error})"


def test_a_full_disk_is_named_whoever_writes_there_and_a_missing_file_is_not_mistaken_for_it():
    assert "a.npy cannot be written: the disk is full" in explain(OSError(errno.ENOSPC, "No space", "a.npy"))
    assert "the file system is read-only" in explain(OSError(errno.EROFS, "Read-only", "a.npy"))
    assert explain(FileNotFoundError(errno.ENOENT, "gone", "a.npy")).startswith("FileNotFoundError")


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
