# SPDX-License-Identifier: GPL-3.0-or-later
import base64
import subprocess
import sys
from pathlib import Path

import pytest

from mesobayes.command.workflow import (
    Output,
    drivers,
    find_root,
    in_progress,
    jobs,
    outputs_of,
    read_summary,
    scale_of,
    times_of_rules,
)
from mesobayes.record.errors import MesobayesError

ROOT = Path(__file__).parents[2]
SUMMARY = """Building DAG of jobs...
output_file\tdate\trule\tlog-file(s)\tstatus\tplan
results/fig_a.pdf\tFri Nov\tfig_a\tlogs/small/fig_a.log\tok\tno update
results/small/fits/a/repeat0.zarr.zip\tFri Nov\tfit_model\tlogs/small/a.log\tparams changed\tupdate pending
results/small/fits/a/repeat1.zarr.zip\t-\tfit_model\t-\tmissing\tupdate pending
results/small/fits/a/repeat1.weights.zarr.zip\t-\tfit_model\t-\tmissing\tupdate pending
"""


def test_the_table_of_snakemake_is_read_line_by_line():
    figure, changed, missing, weights = read_summary(SUMMARY)
    assert figure == Output("results/fig_a.pdf", "fig_a", "ok", False)
    assert changed.pending
    assert not changed.missing
    assert missing.missing
    assert jobs([figure, changed, missing, weights]) == [figure, changed, missing]
    assert read_summary("no table at all\n") == []


def test_snakemake_itself_says_what_a_figure_needs(monkeypatch):
    monkeypatch.chdir(ROOT)
    outputs = outputs_of(["results/fig_se_block.pdf"], "smoke")
    assert {output.rule for output in outputs} == {"fig_se_block"}
    assert {Path(output.file).suffix for output in outputs} == {".pdf", ".png", ".json"}


def test_a_target_that_does_not_exist_is_refused_with_the_workflows_own_sentence(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(MesobayesError, match=r"unknown target .*fig_se_blok.*did you mean"):
        outputs_of(["results/fig_se_blok.pdf"], "smoke")


def test_only_a_folder_with_a_workflow_is_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MesobayesError, match="holds no Snakefile"):
        find_root()


def test_files_in_progress_are_read_from_the_names_of_their_markers(tmp_path):
    name = base64.b64encode(b"results/small/a.zarr.zip", b"-_").decode()
    long = base64.b64encode(b"results/" + b"x" * 300, b"-_").decode()
    (tmp_path / name).touch()
    folder = tmp_path / f"@{long[:200]}"
    folder.mkdir()
    (folder / long[200:]).touch()
    assert in_progress(tmp_path) == ["results/" + "x" * 300, "results/small/a.zarr.zip"]
    assert in_progress(tmp_path / "nothing") == []


def test_a_driver_counts_in_its_own_folder_only(tmp_path, monkeypatch):
    script = tmp_path / "snakemake"
    script.write_text("import time\nprint('on', flush=True)\ntime.sleep(60)\n", encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(script)], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        monkeypatch.chdir(tmp_path)
        assert drivers() == [process.pid]
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        assert drivers() == []
        process.kill()


def test_the_snakemake_of_a_job_is_no_driver(tmp_path, monkeypatch):
    script = tmp_path / "snakemake"
    script.write_text("import time\nprint('on', flush=True)\ntime.sleep(60)\n", encoding="utf-8")
    command = [sys.executable, str(script), "--target-jobs", "a", "--mode", "remote"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        monkeypatch.chdir(tmp_path)
        assert drivers() == []
        process.kill()


def test_the_times_of_a_rule_are_the_mean_of_its_jobs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" / "small" / "benchmarks"
    (folder / "fit_model").mkdir(parents=True)
    for name, seconds in (("fit_model/a", 10), ("fit_model/b", 30), ("fig_a", 2)):
        (folder / f"{name}.tsv").write_text(f"s\tcpu_time\n{seconds}\t1\n", encoding="utf-8")
    assert times_of_rules("small") == {"fit_model": 20.0, "fig_a": 2.0}
    assert times_of_rules("paper") == {}


def test_the_scale_is_that_of_the_configuration_unless_another_is_asked_for(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert scale_of(None) == "small"
    assert scale_of("paper") == "paper"
