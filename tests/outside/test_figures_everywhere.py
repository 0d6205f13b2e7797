"""Figures have no boxes for letters, whatever the data is called, and never cost a training."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from other_data import done, write_bars
from PIL import Image

NAMES = {
    "Chinese": "手写数字",
    "Japanese": "手書き数字のデータ",
    "Korean": "손글씨",
    "Thai and Latin": "ตัวเลข 2",
    "a control character": "di\x07gits",
    "not UTF-8": os.fsdecode(b"ziffern-\xfc"),
}
QUICK = ("--epochs", 1, "--hidden", 4)
# Draws one glyph, a square, for each of some letters; what a font server would install.
FONT = """
import sys
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

letters, path = sys.argv[1:]
pen = TTGlyphPen(None)
pen.moveTo((100, 0)), pen.lineTo((100, 700)), pen.lineTo((800, 700)), pen.lineTo((800, 0))
pen.closePath()
names = [".notdef", *(f"uni{ord(letter):04X}" for letter in letters)]
font = FontBuilder(1000, isTTF=True)
font.setupGlyphOrder(names)
font.setupCharacterMap({ord(letter): name for letter, name in zip(letters, names[1:])})
font.setupGlyf({name: pen.glyph() for name in names})
font.setupHorizontalMetrics({name: (900, 100) for name in names})
font.setupHorizontalHeader(ascent=800, descent=-200)
font.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
font.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
font.setupPost()
font.save(path)
"""
# A figure's own titles, by name: what is drawn, and in which fonts.
TELL = """
from matplotlib.figure import Figure
kept = Figure.savefig
def savefig(self, *arguments, **how):
    title = self._suptitle
    print("DRAWN", title.get_text(), title.get_fontfamily())
    kept(self, *arguments, **how)
Figure.savefig = savefig
"""


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def drawn(process):
    return [line for line in process.stdout.splitlines() if line.startswith("DRAWN")]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_dataset_of_any_name_is_drawn_with_warnings_as_errors(working_folder, name):
    data = write_bars(working_folder / name, range(3))
    process = done("train", "--data", data, *QUICK, "--out", "run", before=TELL,
                   PYTHONWARNINGS="error", PYTHONIOENCODING="utf-8")  # fmt: skip
    assert "Glyph" not in process.stderr
    assert "missing" not in process.stderr
    assert sorted(path.name for path in (working_folder / "run/figures").iterdir()) == [
        "confusion.png",
        "training.png",
    ]
    assert len(drawn(process)) == 2
    shown = name.encode(errors="backslashreplace").decode()
    assert process.stdout.splitlines()[-5].startswith(f"{shown}: ")


def test_letters_that_no_font_has_are_left_out_of_the_picture_alone(working_folder):
    name = f"{chr(0x10FFFD)}digits"  # a letter of a private area, for which there is no font
    data = write_bars(working_folder / name, range(3))
    process = done("train", "--data", data, *QUICK, "--out", "run", before=TELL,
                   PYTHONIOENCODING="utf-8")  # fmt: skip
    assert any("DRAWN Training of adam-seed0: …digits" in line for line in drawn(process))
    assert name in process.stdout
    model = json.loads((working_folder / "run/metrics.json").read_text())
    assert Path(model["settings"]["data"]).name == name


def test_an_installed_font_that_has_the_letters_is_used(working_folder):
    fonts = working_folder / "fonts"
    fonts.mkdir()
    letters = "".join(map(chr, range(0x10FFF0, 0x10FFF4)))
    subprocess.run([sys.executable, "-c", FONT, letters, fonts / "squares.ttf"], check=True)
    data = write_bars(working_folder / f"{letters}2", range(3))
    process = done("train", "--data", data, *QUICK, "--out", "run", before=TELL,
                   XDG_DATA_HOME=working_folder, PYTHONIOENCODING="utf-8",
                   PYTHONWARNINGS="error")  # fmt: skip
    assert len(drawn(process)) == 2
    for line in drawn(process):
        assert f"{letters}2" in line
        assert "['DejaVu Sans', 'Squares']" in line
    assert "findfont" not in process.stderr


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 300)], ids=str)
def test_images_of_any_shape_have_all_their_figures(working_folder, shape):
    data = write_bars(working_folder / "data", (3, 7), shape=shape)
    process = done("compare", "--data", data, *QUICK, "--jobs", 1, "--out", "run")
    assert "missing" not in process.stderr
    assert len(list((working_folder / "run/figures").iterdir())) == 8


BREAKS = {
    "a figure": "plots.confusion = None",
    "any figure": "plots.save_figure = None",
    "memory": "def full(*_, **__): raise MemoryError\nplots.training_comparison = full",
    "a warning": "import warnings\ndef warn(*_, **__): warnings.warn('odd')\n"
    "warnings.simplefilter('error')\nplots.confusion = warn",
}


@pytest.mark.parametrize("command", ["train", "compare"])
@pytest.mark.parametrize("breaking", BREAKS.values(), ids=BREAKS)
def test_a_figure_that_fails_costs_one_notice(working_folder, breaking, command):
    data = write_bars(working_folder / "data", range(3))
    lanes = ("--jobs", 1) if command == "compare" else ()
    before = f"from chainrule import plots\n{breaking}"
    process = done(command, "--data", data, *QUICK, *lanes, "--out", "run", before=before)
    failed = [line for line in process.stderr.splitlines() if line.startswith("The figure ")]
    kept = {path.stem for path in (working_folder / "run/figures").iterdir()}
    metrics = json.loads((working_folder / "run/metrics.json").read_text())
    assert failed
    assert len({line.split()[2] for line in failed}) == len(failed)
    assert not kept & {line.split()[2] for line in failed}
    for run in metrics["runs"]:
        assert (working_folder / f"run/models/{run['lane']}.npz").exists()
    assert (working_folder / "run/report.html").exists() == (command == "compare")
    assert "Traceback" not in process.stderr


def test_a_figure_that_failed_is_drawn_when_the_run_is_resumed(working_folder):
    data = write_bars(working_folder / "data", range(3))
    before = "from chainrule import plots\nplots.confusion = None"
    done("train", "--data", data, *QUICK, "--out", "run", before=before)
    figure = working_folder / "run/figures/confusion.png"
    assert not figure.exists()
    done("resume", "run")
    assert Image.open(figure).text["Description"]
