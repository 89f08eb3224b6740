# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills, signals, two runs at once and failing disks on the toy study: nothing lost, nothing done twice."""

import ast
import os
import re
import signal
import time
from pathlib import Path

import pytest

from mesobayes.record.store import open_store
from workflow.toy import FIGURE, FOLDER, HELD, PLAIN, SMOKE, STORE, can, files, planned

ROOT = Path(__file__).parents[2]
MORE = ("--config", "scale=smoke", "toy={radii: {number: 300}}")


@pytest.fixture
def held(toy):
    """The made toy study, whose store is being made again for more radii until a file ``go`` appears."""
    before = (toy.path / STORE).read_bytes()
    undo = toy.edit(f"{FOLDER}/data.py", HELD)
    driver = toy.start(FIGURE, *MORE)
    wait_for(toy.path / "started", driver)
    yield toy, driver, undo, before
    (toy.path / "go").touch()
    if driver.poll() is None:
        driver.kill()
    driver.wait()


def wait_for(path, driver=None):
    for _ in range(6000):
        if path.exists():
            return
        assert driver is None or driver.poll() is None, "the run ended too early"
        time.sleep(0.05)
    pytest.fail(f"{path} did not appear")


def job_of(checkout):
    return int((checkout.path / "started").read_text())


def ended(pid):
    """Wait until a process that is no child of ours has ended."""
    for _ in range(1200):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} lives on")


def leftovers(checkout):
    return [path for path in files(checkout.path / "results") if ".tmp." in path.name]


def test_a_killed_driver_and_its_job_lose_nothing_and_a_detour_to_another_value_leaves_no_trace(held):
    toy, driver, undo, before = held
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    ended(job_of(toy))
    assert (toy.path / STORE).read_bytes() == before
    assert not leftovers(toy)
    undo()
    assert toy.snakemake("--unlock", *SMOKE).code == 0
    assert planned(toy) == set()  # back from the detour: the store is whole and the right one
    done = toy.snakemake(FIGURE, *MORE)
    assert done.code == 0, done.text[-3000:]
    assert open_store(toy.path / STORE).sizes["pore"] == 300


def test_a_job_that_outlives_its_killed_driver_is_not_done_twice(held):
    toy, driver, _, before = held
    job = job_of(toy)
    driver.kill()
    driver.wait()
    (toy.path / "go").touch()
    ended(job)
    assert (toy.path / STORE).read_bytes() != before
    assert toy.snakemake("--unlock", *MORE).code == 0
    assert set(toy.plan(FIGURE, *MORE).jobs) == {FIGURE}  # the store was finished behind Snakemake's back


def test_a_killed_job_fails_the_run_and_leaves_the_store_that_was_there(held):
    toy, driver, undo, before = held
    os.kill(job_of(toy), signal.SIGKILL)
    assert driver.wait(timeout=600) != 0
    assert (toy.path / STORE).read_bytes() == before
    assert not leftovers(toy)
    undo()
    assert planned(toy) == set()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_run_that_is_told_to_end_leaves_no_lock_and_the_store_that_was_there(held, name):
    toy, driver, undo, before = held
    if name == "SIGINT":
        os.killpg(driver.pid, signal.SIGINT)  # Ctrl-C reaches every process of the terminal
    else:
        driver.send_signal(signal.SIGTERM)
        time.sleep(1)
        os.kill(job_of(toy), signal.SIGTERM)  # a batch system tells every process of a job
    assert driver.wait(timeout=600) != 0
    ended(job_of(toy))
    assert (toy.path / STORE).read_bytes() == before
    assert not leftovers(toy)
    undo()
    assert planned(toy) == set()


def test_a_second_run_in_the_same_folder_is_refused_and_the_first_ends_well(held):
    toy, driver, _, before = held
    second = toy.snakemake(FIGURE, *MORE)
    assert second.code != 0
    assert "LockException" in second.text
    assert (toy.path / STORE).read_bytes() == before
    (toy.path / "go").touch()
    assert driver.wait(timeout=600) == 0
    assert open_store(toy.path / STORE).sizes["pore"] == 300
    assert not toy.plan(FIGURE, *MORE).jobs


FULL = (
    *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
    "cp -a results/smoke/toy kept && mount -t tmpfs -o size=64k tmpfs results/smoke/toy && "
    "cp -a kept/. results/smoke/toy && head -c 70000 /dev/zero > results/smoke/toy/other 2>/dev/null; "
    '"$@"; code=$?; cp -a results/smoke/toy/radii* kept; exit $code',
    "sh",
)


@pytest.mark.skipif(not can(*FULL[:4], "true"), reason="no file system can be mounted")
def test_a_full_disk_is_named_and_the_store_that_was_there_stays(toy):
    before = (toy.path / STORE).read_bytes()
    run = toy.snakemake(FIGURE, *MORE, by=FULL)
    assert run.code != 0
    assert f"error: {STORE} cannot be written: the disk is full: free some space" in run.text
    assert [path.read_bytes() for path in (toy.path / "kept").iterdir()] == [before]


@pytest.mark.skipif(os.getuid() == 0 and not can(*PLAIN), reason="there is no way to become a plain user")
def test_a_folder_that_may_not_be_written_is_named_and_the_store_that_was_there_stays(toy):
    before, folder = (toy.path / STORE).read_bytes(), (toy.path / STORE).parent
    folder.chmod(0o555)
    try:
        run = toy.snakemake(FIGURE, *MORE, by=PLAIN if os.getuid() == 0 else ())
    finally:
        folder.chmod(0o755)
    assert run.code != 0
    assert f"error: {STORE} cannot be written: the folder may not be written" in run.text
    assert (toy.path / STORE).read_bytes() == before


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "holed"])
def test_a_damaged_store_is_named_and_nothing_is_drawn_from_it(toy, damage):
    path = toy.path / STORE
    content = bytearray(path.read_bytes())
    middle = content.index(b"radius/c/0") + 60
    if damage == "flipped":
        content[middle] ^= 255
    if damage == "holed":
        content[middle : middle + 64] = bytes(64)
    path.write_bytes({"truncated": content[: len(content) // 2], "emptied": b""}.get(damage, content))
    (toy.path / f"results/{FIGURE}.pdf").unlink()
    run = toy.snakemake(FIGURE, *SMOKE)
    assert run.code != 0
    assert f"error: {STORE} cannot be used: " in run.text
    assert "Delete this file and run the same command again." in run.text
    assert not (toy.path / f"results/{FIGURE}.pdf").exists()
    if damage == "truncated":
        path.unlink()
        assert planned(toy) == {"draw_radii", FIGURE}


def test_every_row_of_the_fault_table_names_a_test_that_there_is():
    text = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|") and "::" in line]
    named = [(row, *found) for row in rows for found in re.findall(r"`([\w/]+\.py)::(\w+)`", row)]
    assert len({row for row, *_ in named}) == len(rows) >= 20
    for row, file, test in named:
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert test in functions, row
