# SPDX-License-Identifier: GPL-3.0-or-later
"""TIFF files of kinds that Pillow reads and does not write: one uncompressed strip a page."""

import struct

import numpy as np

_FORMATS = {"u": 1, "i": 2, "f": 3, "b": 1}


def write_tiff(path, pages, photometric=1, orientation=None, description="", order="<"):
    """Write a grey page or pages (page, row, column); `photometric` None leaves the tag out."""
    pages = np.asarray(pages) if np.ndim(pages) == 3 else np.asarray(pages)[None]
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 0))
    link = 4
    for page in pages:
        data, text = page.astype(page.dtype.newbyteorder(order)).tobytes(), description.encode() + b"\0"
        start = len(out)
        out += data + text + b"\0" * ((len(data) + len(text)) % 2)
        entries = {
            256: (4, 1, page.shape[1]),
            257: (4, 1, page.shape[0]),
            258: (3, 1, 8 * page.dtype.itemsize),
            259: (3, 1, 1),
            273: (4, 1, start),
            277: (3, 1, 1),
            278: (4, 1, page.shape[0]),
            279: (4, 1, len(data)),
            339: (3, 1, _FORMATS[page.dtype.kind]),
        }
        if photometric is not None:
            entries[262] = (3, 1, photometric)
        if orientation is not None:
            entries[274] = (3, 1, orientation)
        if description:
            entries[270] = (2, len(text), start + len(data))
        struct.pack_into(order + "I", out, link, len(out))
        out += struct.pack(order + "H", len(entries))
        for tag, (kind, count, value) in sorted(entries.items()):
            value = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
            out += struct.pack(order + "HHI", tag, kind, count) + value
        link = len(out)
        out += struct.pack(order + "I", 0)
    path.write_bytes(out)
    return path
