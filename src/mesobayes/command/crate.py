# SPDX-License-Identifier: GPL-3.0-or-later
"""What an archive says of itself: RO-Crate 1.1 with the profile Workflow Run Crate, as JSON-LD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

_SPEC = "https://w3id.org/ro/crate/1.1"
_PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
_FORMATS = {
    "pdf": "application/pdf",
    "png": "image/png",
    "json": "application/json",
    "csv": "text/csv",
    "yaml": "application/yaml",
    "tsv": "text/tab-separated-values",
    "zip": "application/zip",
}


def crate(
    files: Mapping[str, Mapping[str, Any]],
    titles: Mapping[str, str],
    citation: str,
    scale: str,
    versions: Mapping[str, str],
    commit: str,
) -> dict[str, Any]:
    """Return the content of `ro-crate-metadata.json`.

    Args:
        files: for each path its `sha256`, `size` in bytes and `mtime_ns`.
        titles: what some of them show.
        citation: text of `CITATION.cff`.
        scale: at which the results were made.
        versions: of Python and the libraries.
        commit: of the sources, empty where it is not known.
    """
    cited = yaml.safe_load(citation)
    results = [path for path in files if path.startswith("results/")]
    times = [files[path]["mtime_ns"] for path in results]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{cited['title']}: results at scale {scale}",
        "description": cited.get("abstract", cited["title"]),
        "license": {"@id": f"https://spdx.org/licenses/{cited['license']}"},
        "datePublished": moment(max(times)),
        "conformsTo": ids(_PROFILES),
        "hasPart": ids(files),
        "mainEntity": {"@id": "Snakefile"},
        "mentions": ids(["#run"]),
    }
    run = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Snakemake at scale {scale}",
        "instrument": {"@id": "Snakefile"},
        "startTime": moment(min(times)),
        "endTime": moment(max(times)),
        "object": ids(["config.yaml", f"workflow/scales/{scale}.yaml"]),
        "result": ids(results),
    }
    language = {
        "@id": "#snakemake",
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "version": versions["snakemake"],
        "url": {"@id": "https://snakemake.github.io"},
    }
    software = [
        {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "softwareVersion": version}
        for name, version in versions.items()
        if name != "snakemake"
    ]
    graph = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": _SPEC},
            "about": {"@id": "./"},
        },
        root,
        run,
        language,
        *[{"@id": profile, "@type": "CreativeWork"} for profile in _PROFILES],
        *software,
        *[file_entity(path, facts, titles.get(path)) for path, facts in files.items()],
    ]
    workflow = next(entity for entity in graph if entity["@id"] == "Snakefile")
    workflow |= {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": cited["title"],
        "programmingLanguage": {"@id": "#snakemake"},
        "softwareRequirements": ids(entity["@id"] for entity in software),
    }
    if commit:
        workflow["version"] = commit
    return {
        "@context": [f"{_SPEC}/context", "https://w3id.org/ro/terms/workflow-run/context"],
        "@graph": graph,
    }


def file_entity(path: str, facts: Mapping[str, Any], title: str | None) -> dict[str, Any]:
    """Return what the crate says of one file."""
    entity: dict[str, Any] = {
        "@id": path,
        "@type": "File",
        "contentSize": str(facts["size"]),
        "sha256": facts["sha256"],
        "dateModified": moment(facts["mtime_ns"]),
    }
    kind = _FORMATS.get(path.rpartition(".")[2])
    return entity | ({"encodingFormat": kind} if kind else {}) | ({"name": title} if title else {})


def ids(names: Any) -> Sequence[dict[str, str]]:
    """Return references to entities."""
    return [{"@id": str(name)} for name in names]


def moment(nanoseconds: int) -> str:
    """Return a time as ISO 8601."""
    return datetime.fromtimestamp(nanoseconds // 10**9, UTC).isoformat()
