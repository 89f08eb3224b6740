# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest
import yaml

from mesobayes.command.doctor import site_finding
from mesobayes.command.site import SITE, fit_times, runtimes, site, site_profile
from mesobayes.command.slurm import Asked, Limits, beyond, prefix_of, read_limits, read_queue
from mesobayes.record.errors import MesobayesError

ROOT = Path(__file__).parents[2]
SOURCE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text("utf-8"))


def made(folder="a", gpu="gpu"):
    return site_profile(SOURCE, "mine", "cpu", gpu, Path(folder))


def test_account_and_partitions_are_those_asked_for_and_nothing_else_changes():
    profile = made()
    assert profile["default-resources"]["slurm_account"] == "mine"
    assert profile["default-resources"]["slurm_partition"] == "cpu"
    assert all(
        values["slurm_partition"] == "gpu"
        for values in profile["set-resources"].values()
        if values.get("gpu")
    )
    other = {"default-resources", "slurm-jobname-prefix", "set-resources"}
    assert {key: value for key, value in profile.items() if key not in other} == {
        key: value for key, value in SOURCE.items() if key not in other
    }


def test_without_a_partition_for_gpus_nobody_asks_for_one():
    values = made(gpu=None)["set-resources"].values()
    assert not any("gpu" in one or "slurm_partition" in one for one in values)


def test_each_folder_has_its_own_prefix_that_slurm_takes():
    prefixes = {made(folder)["slurm-jobname-prefix"] for folder in ("a", "b")}
    assert len(prefixes) == 2
    assert all(prefix.replace("-", "").isalnum() and len(prefix) <= 50 for prefix in prefixes)
    assert made("a") == made("a")


def test_the_growth_of_a_runtime_stops_at_the_limit_of_its_partition():
    profile = made()
    asked = {"fit_model": 600, "cut_patches": 30, "calibrate": 60}
    limits = {"cpu": Limits(90, None), "gpu": Limits(1440, None)}
    assert list(fit_times(profile, asked, limits)) == []
    assert profile["set-resources"]["fit_model"]["runtime"] == "min(600 * attempt, 1440)"
    assert profile["set-resources"]["calibrate"] == {"runtime": "min(60 * attempt, 90)"}
    assert "cut_patches" not in profile["set-resources"]  # three attempts fit


def test_a_runtime_that_does_not_fit_at_all_and_an_unknown_partition_are_named():
    lines = list(fit_times(made(), {"fit_model": 600}, {"gpu": Limits(60, None)}))
    assert lines == [
        "there is no partition cpu: this cluster has gpu",
        "fit_model asks for 600 minutes, partition gpu gives 60: it gets no more",
    ]
    assert list(fit_times(made(), {"fit_model": 600}, {})) == []  # no Slurm, nothing to compare with


def test_the_rules_say_their_runtimes():
    found = runtimes(ROOT / "workflow/rules")
    assert found["fit_model"] == 600
    assert set(SOURCE["set-resources"]) <= set(found)


def test_a_job_that_would_stay_pending_for_ever_is_named_once():
    jobs = [
        Asked("fit", 1, "cpu", 60, 4000),
        Asked("fit", 3, "cpu", 180, 12000),
        Asked("cut", 3, "cpu", 90, 1),
    ]
    limits = {"cpu": Limits(100, 8000)}
    assert [line.partition(":")[0] for line in beyond([*jobs, *jobs], limits)] == [
        "fit asks for 180 minutes at attempt 3, partition cpu gives 100",
        "fit asks for 12000 MB at attempt 3, partition cpu gives 8000",
    ]
    assert beyond(jobs, {}) == []
    assert beyond(jobs, {"cpu": Limits(None, None)}) == []
    assert beyond(jobs[:1], {"gpu": Limits(1, 1)}) == ["there is no partition cpu: this cluster has gpu"]


def test_limits_are_read_as_slurm_prints_them():
    text = (
        "cpu 2-00:00:00 64000\ndebug 30:00 8000+\nlong infinite 64000\nday 12:30:00 1\ncpu 2-00:00:00 128000"
    )
    assert read_limits(text) == {
        "cpu": Limits(2880, 128000),
        "debug": Limits(30, 8000),
        "long": Limits(None, 64000),
        "day": Limits(750, 1),
    }


def test_only_the_jobs_of_one_folder_are_its_own():
    mine, other = prefix_of(Path("a")), prefix_of(Path("b"))
    rows = [("1", mine, "R"), ("2", other, "R"), ("3", mine, "PD"), ("4", mine, "CD"), ("5", f"{mine}0", "R")]
    rows += [("6_[2-9]", mine, "PD")]
    text = "\n".join(f"{number}|{prefix}_x|{state}|c" for number, prefix, state in rows)
    assert [(job.number, job.running) for job in read_queue(text, mine)] == [
        ("1", True),
        ("3", False),
        ("6_[2-9]", False),
    ]


def test_a_name_with_a_blank_is_refused():
    with pytest.raises(MesobayesError, match="'my account' is no name"):
        site_profile(SOURCE, "my account", "cpu", None, Path())


def test_the_profile_is_written_where_snakemake_finds_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    source = Path("profiles/slurm/config.yaml")
    source.parent.mkdir(parents=True)
    source.write_text((ROOT / source).read_text("utf-8"), encoding="utf-8")
    monkeypatch.setenv("PATH", "")  # no Slurm here
    assert site("mine", "cpu", None) == 0
    assert yaml.safe_load(SITE.read_text("utf-8"))["executor"] == "slurm"
    assert "--profile profiles/site" in capsys.readouterr().out
    assert site_finding(SITE).level == "ok"
    monkeypatch.chdir(tmp_path.parent)
    assert site_finding(tmp_path / SITE).text.endswith("is that of another folder: run `mesobayes site` here")
    assert site_finding(Path("nowhere")).level == "note"
