# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says of itself, from the events of Snakemake's logger."""

import enum
import logging

import pytest

from mesobayes.command.watch import Watch, failure_lines


class Event(enum.Enum):
    RUN_INFO = "run_info"
    JOB_INFO = "job_info"
    JOB_ERROR = "job_error"
    JOB_FINISHED = "job_finished"
    PROGRESS = "progress"


@pytest.fixture
def said(tmp_path, monkeypatch):
    """A logger with a watch of two cores, and what is logged beside the events."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "results/small/benchmarks/fit/a.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("s\n120\n")
    logger = logging.getLogger("a run in a test")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    watch, lines = Watch("small", 2), []

    class Lines(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    logger.handlers = [watch, Lines()]

    def tell(event, **facts):
        logger.info("event", extra={"event": event, **facts})
        return [line for line in lines if line != "event"]

    tell.watch = watch
    return tell


def test_the_time_left_follows_the_jobs_that_are_done(said, tmp_path):
    said(Event.RUN_INFO, stats={"fit": 3, "draw": 1, "total": 4})
    said(Event.JOB_INFO, jobid=5, rule_name="fit", benchmark=str(tmp_path / "b.tsv"), log=["a.log"])
    (tmp_path / "b.tsv").write_text("s\n240\n")
    said(Event.JOB_FINISHED, job_id=5)
    (line,) = said(Event.PROGRESS, done=1, total=4)
    # two fits of (120 + 240) / 2 s on two cores; no drawing has been timed
    assert line == "time left: about 3.0 min on 2 cores; not counted, as none has run yet: 1 job of draw"


def test_nothing_is_said_of_time_when_nothing_is_left(said):
    said(Event.RUN_INFO, stats={"fit": 1, "total": 1})
    said(Event.JOB_INFO, jobid=1, rule_name="fit", benchmark=None, log=[])
    said(Event.JOB_FINISHED, job_id=1)
    assert said(Event.PROGRESS, done=1, total=1) == []


def test_each_failed_job_has_one_sentence_and_one_that_recovers_none(said, tmp_path, capsys):
    log = tmp_path / "fit.log"
    log.write_text("begun \nTraceback\nerror: too hot\n")
    for jobid in (1, 2):
        said(Event.JOB_INFO, jobid=jobid, rule_name="fit", benchmark=None, log=[str(log)])
        said(Event.JOB_ERROR, jobid=jobid, rule_name="fit", log=[str(log)])
    said(Event.JOB_INFO, jobid=2, rule_name="fit", benchmark=None, log=[str(log)])  # its second attempt
    said.watch.say_failures()
    assert capsys.readouterr().err == f"the whole log of fit: {log}\nerror: fit: too hot\n"


def test_many_failures_are_counted_not_listed():
    lines = failure_lines([{"rule_name": "fit", "log": []}] * 9)
    assert lines[0] == "error: fit: ended without a word"
    assert lines[-1] == "and 4 more; `mesobayes status` lists them"
