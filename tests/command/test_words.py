# SPDX-License-Identifier: GPL-3.0-or-later
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mesobayes.command import resume as resuming
from mesobayes.command.doctor import differences, doctor, environment
from mesobayes.command.explain import cost_lines, find_target, printed_line
from mesobayes.command.main import main
from mesobayes.command.predict import place
from mesobayes.command.status import failures, in_words, reasons, running_line, target_lines, time_left
from mesobayes.command.verify import verify
from mesobayes.command.workflow import Output
from mesobayes.drawing.registry import read_registry
from mesobayes.record.errors import MesobayesError
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store

ROOT = Path(__file__).parents[2]
REGISTRY = read_registry(ROOT / "workflow" / "figures.yaml")


def output(name, rule, status="ok", pending=False):
    return Output(name, rule, status, pending)


# status


def test_targets_are_made_stale_for_a_reason_or_missing():
    lines = target_lines(
        [
            output("results/fig_method_overview.pdf", "fig_method_overview"),
            output("results/fig_se_block.pdf", "fig_se_block", "params changed", True),
            output("results/fig_patch_roi_sketch.pdf", "fig_patch_roi_sketch", "missing", True),
        ],
        REGISTRY,
    )
    words = {line.split()[-1]: line.split()[0] for line in lines if line.startswith("  ")}
    assert words["fig_method_overview"] == "made"
    assert words["fig_patch_roi_sketch"] == "missing"
    assert any("stale" in line and "params changed" in line for line in lines)
    assert lines[-1] == "targets: 1 made, 1 missing, 1 stale"


def test_jobs_to_run_are_counted_by_rule_and_reason():
    pending = [output(f"{i}", "fit", "missing", True) for i in range(3)]
    pending.append(output("x", "draw", "params changed", True))
    assert reasons(pending) == ["to run: fit 3, draw 1", "stale: params changed, 1 jobs"]
    assert reasons([]) == ["nothing to be done"]


def test_the_time_left_says_what_it_does_not_know():
    line = time_left({"fit": 4, "draw": 1}, {"fit": 60.0}, 2)
    assert "about 2.0 min on 2 cores" in line
    assert "1 job of draw" in line
    assert time_left({"fig_b": 2}, {"fig_a": 6.0, "fit": 60.0}, 1) == "time left: about 12 s on 1 core"
    assert time_left({}, {}, 2) == "time left: none"
    assert [in_words(value) for value in (50, 100, 6000, 90000)] == ["50 s", "1.7 min", "1.7 h", "25 h"]


def test_a_failed_job_is_told_by_the_last_sentence_of_its_log(tmp_path):
    texts = {
        "fit/a": "begun\nx\nerror: too hot\n",
        "fit/b": "begun \nfine\ndone in 1 s\n",
        "fit/c": "begun \nstep 7\n",
    }
    for name, text in texts.items():
        path = tmp_path / f"{name}.log"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert failures({"fit"}, tmp_path, at_work=True) == [(tmp_path / "fit" / "a.log", "too hot")]
    assert failures({"draw"}, tmp_path, at_work=True) == []
    (killed,) = failures({"fit"}, tmp_path, at_work=False)[1:]
    assert killed[0] == tmp_path / "fit" / "c.log"
    assert killed[1].startswith("killed with its log's writer")


def test_what_is_being_written_without_a_driver_was_interrupted():
    assert running_line(["a"], [7]) == "running: a"
    assert running_line(["a"], []).startswith("interrupted: a")
    assert running_line([], []) == "running: nothing"


# verify


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with one store and one figure drawn from it."""
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("scale: smoke\n", encoding="utf-8")
    store = Path("results/smoke/stress/a.zarr.zip")
    write(store, "one")
    entry = {"file": str(store), "config_hash": "one", "code_hash": "c"}
    for ending in ("pdf", "png"):
        Path(f"results/fig_a.{ending}").write_text("x", encoding="utf-8")
    Path("results/fig_a.json").write_text(
        json.dumps({"scale": "smoke", "inputs": {"curves": [entry]}}), encoding="utf-8"
    )
    return tmp_path


def write(store, config):
    run = Run("stress", "smoke", "seed", config_hash=config, code_hash="c")
    write_store(xr.Dataset({"x": ("i", np.arange(4.0))}), store, "stress/a", run)


def test_whole_stores_and_figures_drawn_from_them_pass(folder, capsys):
    assert verify(None) == 0
    assert "1 stores and 1 figures and tables checked, 0 problems" in capsys.readouterr().out


def test_a_flipped_byte_is_found(folder, capsys):
    path = Path("results/smoke/stress/a.zarr.zip")
    content = bytearray(path.read_bytes())
    place = content.find(b"zarr.json") + 60
    content[place] ^= 255
    path.write_bytes(content)
    assert verify(None) == 1
    assert "Delete this file" in capsys.readouterr().out


def test_a_figure_of_another_store_is_found(folder, capsys):
    write(Path("results/smoke/stress/a.zarr.zip"), "two")
    assert verify(None) == 1
    assert "was drawn from another results/smoke/stress/a.zarr.zip" in capsys.readouterr().out


def test_a_missing_picture_and_a_damaged_record_are_found(folder, capsys):
    Path("results/fig_a.pdf").unlink()
    Path("results/fig_b.json").write_text("{", encoding="utf-8")
    assert verify(None) == 1
    said = capsys.readouterr().out
    assert "results/fig_a.pdf is missing" in said
    assert "results/fig_b.json cannot be read" in said


# doctor, explain, resume, predict


def test_libraries_that_are_not_as_locked_are_named():
    lock = (
        "numpy==0.0.1 \\\n    --hash=sha256:aa\nno-such-library==1.0 \\\n    --hash=sha256:bb\n"
        "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:cc\n"
    )
    first, second = differences(lock)
    assert first.startswith("numpy ")
    assert first.endswith("(==0.0.1)")
    assert second == "no-such-library missing (==1.0)"


def test_the_environment_of_these_tests_is_found_ready(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    levels = {finding.what: finding.level for finding in environment()}
    assert levels["gmsh"] == "ok"
    assert doctor() == 0
    assert capsys.readouterr().out.rstrip().endswith("ready")


def test_targets_are_found_by_slug_rule_or_file_and_others_refused_with_the_nearest():
    for name in ("se_block", "fig_se_block", "results/fig_se_block.pdf"):
        assert find_target(name, REGISTRY).slug == "se_block"
    with pytest.raises(MesobayesError, match="did you mean 'se_block'"):
        find_target("se_blok", REGISTRY)


def test_every_printed_value_of_the_registry_can_be_explained():
    lines = [printed_line(value) for target in REGISTRY.targets for value in target.printed]
    assert len(lines) > 150
    assert all(": " in line for line in lines)


def test_costs_come_from_jobs_that_have_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outputs = [output("a.x", "fit"), output("b.x", "fit", "missing", True)]
    assert any("no time is known" in line for line in cost_lines("small", outputs))
    path = Path("results/small/benchmarks/fit/a.tsv")
    path.parent.mkdir(parents=True)
    path.write_text("s\n120\n", encoding="utf-8")
    lines = list(cost_lines("small", outputs))
    assert "2 jobs, 1 done" in lines[0]
    assert "4.0 min on one core" in lines[-1]


def test_a_run_is_resumed_by_its_own_words_and_never_beside_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MesobayesError, match="does not say what ran last"):
        resuming.last_arguments()
    resuming.LAST_RUN.parent.mkdir()
    resuming.LAST_RUN.write_text('["results/a.pdf", "--cores", "2"]', encoding="utf-8")
    assert resuming.last_arguments() == ["results/a.pdf", "--cores", "2"]
    monkeypatch.setattr(resuming, "drivers", lambda: [17])
    with pytest.raises(MesobayesError, match="process 17"):
        resuming.resume()


def test_an_image_is_put_among_the_inputs_once_and_never_over_another(tmp_path):
    inputs = tmp_path / "inputs"
    image = tmp_path / "my scan.v2.PNG"
    image.write_bytes(b"one")
    assert place(image, inputs) == "my scan.v2"
    assert place(image, inputs) == "my scan.v2"
    assert (inputs / "my scan.v2.PNG").read_bytes() == b"one"
    image.write_bytes(b"two")
    with pytest.raises(MesobayesError, match="another image of this name"):
        place(image, inputs)
    with pytest.raises(MesobayesError, match="there is no image"):
        place(tmp_path / "none.png", inputs)
    for name, reason in (("a.jpg", "JPEG changes the grey values"), ("a.bmp", "save it as one of these")):
        (tmp_path / name).touch()
        with pytest.raises(MesobayesError, match=reason):
            place(tmp_path / name, inputs)
    (tmp_path / "slices 1.2").mkdir()
    assert place(tmp_path / "slices 1.2", inputs) == "slices 1.2"
    assert (inputs / "slices 1.2").is_dir()


def test_errors_are_one_sentence_and_status_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["status"]) == 1
    assert capsys.readouterr().err.startswith("error: ")
