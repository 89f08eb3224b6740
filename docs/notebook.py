# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/tutorial.ipynb from docs/tutorial.md: text, Python and commands become cells.

python docs/notebook.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("tutorial.md")
_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_FOLDER = 'import os\n\nif not os.path.exists("Snakefile"):\n    os.chdir("..")  # notebooks start in docs/'


def notebook(text: str) -> dict[str, Any]:
    """Return a page in Markdown as a notebook (format 4.4); commands of the shell begin with "!"."""
    cells, end = [_cell("code", _FOLDER)], 0
    for block in _BLOCK.finditer(text):
        cells.append(_cell("markdown", text[end : block.start()].strip()))
        source = block[2].strip()
        cells.append(_cell("code", source if block[1] == "python" else f"!{source}"))
        end = block.end()
    cells.append(_cell("markdown", text[end:].strip()))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}


def _cell(kind: str, source: str) -> dict[str, Any]:
    further = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True), **further}


if __name__ == "__main__":
    content = json.dumps(notebook(PAGE.read_text(encoding="utf-8")), indent=1, ensure_ascii=False)
    PAGE.with_suffix(".ipynb").write_text(content + "\n", encoding="utf-8")
