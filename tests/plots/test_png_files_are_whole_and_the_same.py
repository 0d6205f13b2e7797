import os
import stat

import pytest
from figure_cases import CASES, counts
from PIL import Image

from chainrule import plots
from chainrule.checks import ChainruleError


@pytest.mark.parametrize("case", ["comparison", "ten classes", "predictions", "first layer"])
def test_the_same_data_gives_the_same_bytes(case, tmp_path):
    one = plots.save_figure(CASES[case](), tmp_path / "one.png")
    other = plots.save_figure(CASES[case](), tmp_path / "other.png")
    assert one.read_bytes() == other.read_bytes()


def test_saving_twice_gives_the_same_bytes(tmp_path):
    figure = CASES["comparison"]()
    first = plots.save_figure(figure, tmp_path / "a.png").read_bytes()
    assert plots.save_figure(figure, tmp_path / "a.png").read_bytes() == first


def test_metadata_hold_the_alt_text_alone(tmp_path):
    figure = plots.confusion([[1, 0], [0, 1]])
    figure.set_label(f"{plots.alt_text(figure)} é 学")
    with Image.open(plots.save_figure(figure, tmp_path / "a.png")) as picture:
        assert picture.text == {"Description": plots.alt_text(figure)}


def test_dpi_sets_the_size_in_pixels(tmp_path):
    path = plots.save_figure(CASES["comparison"](), tmp_path / "a.png", dpi=100)
    with Image.open(path) as picture:
        assert picture.width == 1000


def test_the_mode_is_the_umasks(tmp_path):
    before = os.umask(0o027)
    try:
        path = plots.save_figure(plots.confusion(counts()), tmp_path / "a.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    figure = plots.confusion(counts())

    def full(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure, "savefig", full)
    with pytest.raises(ChainruleError, match="No space left"):
        plots.save_figure(figure, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ChainruleError, match=r"missing.a\.png.*folder"):
        plots.save_figure(plots.confusion(counts()), tmp_path / "missing" / "a.png")


def test_dpi_must_be_above_zero(tmp_path):
    with pytest.raises(ChainruleError, match="dpi"):
        plots.save_figure(plots.confusion(counts()), tmp_path / "a.png", dpi=0)
