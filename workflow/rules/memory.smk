# SPDX-License-Identifier: GPL-3.0-or-later
# What Snakemake remembers of results, set right by what these say of themselves, before anything is planned.

from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.persistence.file import FilePersistence

from mesobayes.record.lineage import STORE
from mesobayes.record.memory import (
    load_folder,
    order_times,
    read_folder,
    save_folder,
    unfit,
)

KNOWN = Path(".snakemake/results.json")
CHANGED = "(one of them holds something else now)"


def correct_memory():
    """Set times and memory right; not in a job of its own on a node, nor while another run is at work."""
    memory = FilePersistence(nolock=True)
    if not workflow.is_main_process or any(memory._read_locks()):
        return
    before, accepted = load_folder(KNOWN)
    folder = read_folder(Path("results"), SCALE, before)
    changed = unfit(folder)
    order_times(folder, changed)
    for path, known in folder.items():
        for output in described(path, folder):
            correct_record(memory, output, folder, path, path in changed, accepted)
    if folder != before:
        save_folder(KNOWN, folder, accepted)


def accept_touched():
    """After ``snakemake --touch``, take results as right that were made by another call or from other inputs."""
    if not workflow.touch:
        return
    memory = FilePersistence(nolock=True)
    before, accepted = load_folder(KNOWN)
    folder = read_folder(Path("results"), SCALE, before)
    accepted |= {
        output: signature(memory._read_record(output), path, folder)
        for path in folder
        for output in described(path, folder)
        if memory._read_record(output)
    }
    save_folder(KNOWN, folder, accepted)


def described(path, folder):
    """Return the files whose origin a result states: itself, and what its job made that states none."""
    known = folder[path]
    if not known.call:
        return []
    silent = [
        file for file in known.outputs if file not in folder or not folder[file].call
    ]
    return [path, *filter(os.path.exists, silent)]


def signature(record, path, folder):
    """Return what a user has accepted of a result: its parameters, and the content of what it was made from."""
    parents = [parent for parent, _ in folder[path].made_from if parent in folder]
    return [
        *record.params,
        *(f"{parent} {folder[parent].content}" for parent in parents),
    ]


def correct_record(memory, output, folder, path, changed, accepted):
    """Set right what is remembered of one file; stores are written whole or not at all, so none is incomplete."""
    known = folder[path]
    inputs = sorted(parent for parent, _ in known.made_from)
    truth = {
        "params": [repr(known.call)],
        "input": [*inputs, CHANGED] if changed else inputs,
    }
    record = memory._read_record(output)
    if record is None:
        time = os.path.getmtime(output)
        makers = [maker.name for maker in workflow.rules if maker.is_producer(output)]
        record = MetadataRecord(
            **{"rule": makers[0] if makers else None},
            starttime=time,
            endtime=time,
            incomplete=False,
            record_format_version=RECORD_FORMAT_VERSION,
        )
    elif output in accepted and accepted[output] == signature(record, path, folder):
        return
    if (record.params, record.input) != (truth["params"], truth["input"]):
        record.params, record.input = truth["params"], truth["input"]
        memory._write_record(output, record)
    if output.endswith(STORE):
        memory._unmark_incomplete(output)
