# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are written whole or not at all, and known by their content."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from mesobayes.record.errors import StoreError

_REASONS = {
    errno.ENOSPC: "the disk is full: free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space and run the same command again",
    errno.EROFS: "the file system is read-only: choose another working folder",
    errno.EACCES: "the folder may not be written: check its permissions",
    errno.EPERM: "the folder may not be written: check its permissions",
}


def why_not_written(error: OSError) -> str:
    """Return why a file could not be written, and what to do, as the end of a sentence."""
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


def is_disk_full(error: OSError) -> bool:
    """Whether the disk is full, or can be read only."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def content_hash(*paths: Path | str) -> str:
    """Return 16 hexadecimal digits for the content of files, and of folders with the names in them."""
    total = hashlib.sha256()
    for root in map(Path, paths):
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file():
                total.update(path.relative_to(root).as_posix().encode() + b"\0")
                with path.open("rb") as file:
                    total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def refuse_unwritable(*folders: Path | str) -> None:
    """Find out before a run that its folders can be written, and make them.

    Raises:
        StoreError: one of them cannot.
    """
    for folder in folders:
        with replacing(Path(folder) / ".writable") as temporary:
            temporary.write_bytes(bytes(2**16))
        Path(folder, ".writable").unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path in the same folder, which takes the place of ``path`` when the block ends well.

    The content reaches the disk before the name does, so a killed process leaves the old file or the new one;
    two writers leave one whole file.

    Raises:
        StoreError: the disk is full or read-only, or the folder may not be written; nothing is left behind.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {why_not_written(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the renaming durable where the file system allows it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
