# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of the command line of `mesobayes`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mesobayes.command.archive import archive, restore
from mesobayes.command.doctor import doctor
from mesobayes.command.explain import explain
from mesobayes.command.gallery import gallery
from mesobayes.command.predict import TARGETS, predict
from mesobayes.command.report import report
from mesobayes.command.resume import resume
from mesobayes.command.site import site
from mesobayes.command.status import status
from mesobayes.command.testcase import testcase
from mesobayes.command.verdicts import verdicts
from mesobayes.command.verify import verify
from mesobayes.command.workflow import find_root
from mesobayes.record.errors import MesobayesError
from mesobayes.studies.configuration import SCALES


def parser() -> argparse.ArgumentParser:
    """Return the parser of all words."""
    found = argparse.ArgumentParser(
        prog="mesobayes",
        description="Questions to a folder that holds the workflow; snakemake makes the results.",
    )
    words = found.add_subparsers(dest="word", required=True, metavar="word")
    scale = argparse.ArgumentParser(add_help=False)
    scale.add_argument("--scale", choices=SCALES, help="by default that of config.yaml")

    def word(name: str, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return words.add_parser(name, help=text, description=text, parents=list(parents))

    some = word("status", "what is made, stale and why, running, failed, and the time left", scale)
    some.add_argument("targets", nargs="*", help="files of results/, by default all")
    word("verify", "are all stores whole, and are the figures drawn from them", scale)
    word("doctor", "is this machine ready: libraries, disk, GPU, scheduler, profile")
    word("gallery", "write results/index.html: all figures and tables that are made, from disk", scale)
    word("report", "write report.zip: Snakemake's report of what was made at a scale", scale)
    word("archive", "write archive-<scale>.zip: all results, how they were made, sources; an RO-Crate", scale)
    back = word("restore", "bring the results of an archive into this folder; nothing runs again")
    back.add_argument("archive", type=Path)
    claims = word("verdicts", "printed values beside ours, of what is made, in Markdown", scale)
    claims.add_argument("--paper", help="krokos2022, aldakheel2023 or bridgman2022; by default all")
    word("resume", "go on with the last run of this folder")
    one = word("explain", "what a target shows, needs and costs at each scale")
    one.add_argument("target", help="a file of results/, or the name of a figure")
    cluster = word("site", "write profiles/site: the Slurm profile with your account and partitions, checked")
    cluster.add_argument("--account", required=True)
    cluster.add_argument("--partition", required=True, help="of jobs on cores")
    cluster.add_argument("--gpu-partition", help="of jobs on a GPU; without it they run on cores")
    own = word("predict", "an image of your own through a study", scale)
    own.add_argument("image", type=Path, help="png, tif, npy, zarr or slices; dark is inclusions or pores")
    own.add_argument("--study", choices=sorted(TARGETS), required=True)
    own.add_argument("further", nargs="*", help="words for snakemake, after --")
    one = word("testcase", "one structure, cell or specimen of a large run, computed alone and shown", scale)
    one.add_argument("sample", help="study, family and number, such as stress/ellipse3/17")
    one.add_argument("further", nargs="*", help="words for snakemake, after --")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one word; an error is one sentence, and the exit status 1."""
    asked = parser().parse_args(arguments)
    run: dict[str, Callable[[], int]] = {
        "status": lambda: status(asked.targets, asked.scale),
        "verify": lambda: verify(asked.scale),
        "doctor": doctor,
        "gallery": lambda: gallery(asked.scale),
        "verdicts": lambda: verdicts(asked.paper, asked.scale),
        "archive": lambda: archive(asked.scale),
        "restore": lambda: restore(asked.archive),
        "report": lambda: report(asked.scale),
        "resume": resume,
        "explain": lambda: explain(asked.target),
        "site": lambda: site(asked.account, asked.partition, asked.gpu_partition),
        "predict": lambda: predict(asked.image, asked.study, asked.scale, asked.further),
        "testcase": lambda: testcase(asked.sample, asked.scale, asked.further),
    }
    try:
        find_root()
        return run[asked.word]()
    except MesobayesError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
