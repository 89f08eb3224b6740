# SPDX-License-Identifier: GPL-3.0-or-later
import subprocess

from mesobayes.record.provenance import Run, commit_of, config_hash, versions


def test_the_order_of_keys_does_not_change_the_configuration_hash():
    assert config_hash({"a": 1, "b": {"c": 2.5, "d": None}}) == config_hash(
        {"b": {"d": None, "c": 2.5}, "a": 1}
    )
    assert config_hash({"a": 1}) != config_hash({"a": 2})


def test_a_figure_says_its_scale_its_seed_and_whether_settings_were_changed():
    assert Run("stress", "smoke", "s").label == "scale smoke, seed s"
    assert (
        Run("stress", "smoke", "s", overrides=("stress.mesh.order",)).label
        == "scale smoke (modified), seed s"
    )


def test_every_library_that_can_change_a_number_has_a_version():
    assert {"python", "numpy", "jax", "gmsh", "zarr"} <= set(versions())
    assert "not installed" not in {versions()[name] for name in ("numpy", "jax", "gmsh")}


def test_the_commit_says_whether_files_were_edited_since(tmp_path):
    assert commit_of(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "a").write_text("1")
    for words in (["init", "-q"], ["add", "a"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *words], check=True)
    clean = commit_of(tmp_path)
    assert len(clean) == 40
    (tmp_path / "a").write_text("2")
    assert commit_of(tmp_path) == f"{clean}-dirty"
