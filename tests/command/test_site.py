# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest
import yaml

from mesobayes.command.site import SITE, minutes_of, read_limits, site, site_profile, too_long
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


def test_a_job_that_would_stay_pending_for_ever_is_named():
    (line,) = too_long(
        {**made(), "set-resources": {"fit_model": {"runtime": "600 * attempt"}}}, {"cpu": 1000, "gpu": 10}
    )
    assert line.startswith("fit_model asks for 1800 minutes in attempt 3, partition cpu gives 1000")
    assert list(too_long(made(), {})) == []


def test_times_are_read_as_slurm_prints_them():
    text = "cpu 2-00:00:00\ndebug 30:00\nlong infinite\nday 12:30:00\n"
    assert read_limits(text) == {"cpu": 2880, "debug": 30, "day": 750}
    assert minutes_of(60, 3) == 60
    assert minutes_of("240 * attempt", 3) == 720


def test_a_name_with_a_blank_is_refused():
    with pytest.raises(MesobayesError, match="'my account' is no name"):
        site_profile(SOURCE, "my account", "cpu", None, Path())


def test_the_profile_is_written_where_snakemake_finds_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    source = Path("profiles/slurm/config.yaml")
    source.parent.mkdir(parents=True)
    source.write_text((ROOT / source).read_text("utf-8"), encoding="utf-8")
    assert site("mine", "cpu", None) == 0
    assert yaml.safe_load(SITE.read_text("utf-8"))["executor"] == "slurm"
    assert "--profile profiles/site" in capsys.readouterr().out
