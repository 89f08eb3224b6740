# SPDX-License-Identifier: GPL-3.0-or-later
# The records of benchmarks: which there are.

SPEED_RECORDS = Path(os.path.relpath(Path(workflow.basedir) / "benchmarks/records"))


def speed_records(names):
    """Return the records that are there, by a pattern of their names."""
    return sorted(map(str, SPEED_RECORDS.glob(names)))
