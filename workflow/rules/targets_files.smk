# SPDX-License-Identifier: GPL-3.0-or-later
# What Snakemake's report says of the targets; only when one is asked for are the records of figures read.

REPORTING = "--report" in sys.argv


def in_report(file, target=None):
    """Mark a file for the report; without a target it is the table of all printed values."""
    if target is None:
        return report(
            file,
            category=category(None, REGISTRY),
            labels={"figure": "Every printed value beside ours"},
        )
    record = read_record(Path(target.record(SCALE))) if REPORTING else None
    return report(
        file,
        caption=caption_file(target, record) if REPORTING else None,
        category=category(target, REGISTRY),
        labels={"figure": label(target, REGISTRY, record)},
    )


def caption_file(target, record):
    """Write the caption of a target, and return the path of its file."""
    path = Path(".snakemake/captions") / f"{target.rule}.rst"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(caption(target, record), encoding="utf-8")
    return str(path.resolve())


def refuse_report_of_another_scale(arguments):
    """End with one sentence when a report would call figures by a scale at which they were not made."""
    asked = [
        word for word in arguments if word.startswith(("results/", "fig_", "table_"))
    ]
    problem = other_scale(asked, REGISTRY, SCALE) if REPORTING else None
    if problem:
        sys.exit(f"error: {problem}")
