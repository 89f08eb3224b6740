# SPDX-License-Identifier: GPL-3.0-or-later
# Records of benchmarks -> figures. The records are made by hand, on quiet cores, and are part of the repository.


include: "speed_files.smk"


TARGETS["benchmark_peers"] = draw(
    "mesobayes.studies.speed.figures.peers",
    records=speed_records("problem_*.json"),
)
TARGETS["scaling"] = draw(
    "mesobayes.studies.speed.figures.scaling",
    records=speed_records("scaling_*.json"),
)
