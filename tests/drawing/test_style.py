# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os

import numpy as np
import pytest
from matplotlib import rcParams
from pypdf import PdfReader

from mesobayes.drawing.style import (
    BLUE,
    GREEN,
    ORANGE,
    PAGE_WIDTH,
    VERMILION,
    drawing_style,
    new_figure,
    save_figure,
)
from mesobayes.record.errors import StoreError


def curve():
    with drawing_style():
        figure = new_figure(width=0.5, height=0.4)
        axis = figure.subplots()
        axis.plot([0, 1, 2], [0, 1, 4], label="σ")
        axis.set(xlabel="strain", ylabel="stress (E)", title="naïve")
        axis.legend()
    return figure


def save(figure, folder, **content):
    paths = [folder / f"fig_a.{ending}" for ending in ("pdf", "png", "json")]
    save_figure(figure, *paths, content)
    return paths


def test_a_figure_is_a_vector_page_of_the_right_width_with_embedded_truetype_fonts(tmp_path):
    pdf, png, record = save(curve(), tmp_path, scale="smoke", values=[1.0, 2.0])
    (page,) = PdfReader(pdf).pages
    assert float(page.mediabox.width) == pytest.approx(0.5 * PAGE_WIDTH * 72, abs=1)
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        (inner,) = font["/DescendantFonts"]
        assert inner.get_object()["/Subtype"] == "/CIDFontType2"
        assert "/FontFile2" in inner.get_object()["/FontDescriptor"]
    assert "/XObject" not in page["/Resources"] or not page.images
    assert png.read_bytes().startswith(b"\x89PNG")
    written = json.loads(record.read_text())
    assert {key: written[key] for key in ("scale", "values")} == {"scale": "smoke", "values": [1.0, 2.0]}


def test_the_record_says_where_every_panel_stands_and_how_many_images_it_shows(tmp_path):
    figure = curve()
    figure.add_axes((0.8, 0.8, 0.1, 0.1)).imshow([[0.0, 1.0]])
    figure.add_axes((0.8, 0.1, 0.1, 0.1)).set_visible(False)
    line, image = json.loads(save(figure, tmp_path)[2].read_text())["panels"]
    left, lower, right, upper = line["place"]
    assert 0 < left < right < 1
    assert 0 < lower < upper < 1
    assert (line["images"], image["images"]) == (0, 1)
    assert image["place"][0] == pytest.approx(0.8, abs=1e-3)


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    first = [path.read_bytes() for path in save(curve(), tmp_path, a=1)]
    assert [path.read_bytes() for path in save(curve(), tmp_path, a=1)] == first


def test_the_style_ends_with_its_block():
    before = rcParams["pdf.fonttype"]
    with drawing_style():
        assert rcParams["pdf.fonttype"] == 42
    assert rcParams["pdf.fonttype"] == before


def test_nan_in_the_record_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        save(curve(), tmp_path, value=float("nan"))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_may_not_be_made_gives_one_message(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        save(curve(), tmp_path / "file", a=1)
    assert os.listdir(tmp_path) == ["file"]


def test_colours_stay_apart_in_grey_and_for_readers_without_red_or_green():
    # Machado et al. 2009: linear RGB seen with full protanopia and deuteranopia
    protan = np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]])
    deutan = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
    hexes = (BLUE, GREEN, ORANGE, VERMILION)
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in hexes])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for matrix in (np.eye(3), protan, deutan):
        seen = np.clip(linear @ matrix.T, 0, 1)
        distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1) + 10 * np.eye(4)
        assert distance.min() > 0.12
