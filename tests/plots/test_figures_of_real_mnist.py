import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from chainrule import plots


def read(name, offset):
    folder = os.environ.get("CHAINRULE_DATA")
    if not folder:
        pytest.skip("needs the real MNIST: CHAINRULE_DATA is not set")
    for path in (Path(folder) / name, Path(folder) / f"{name}.gz"):
        if path.exists():
            content = path.read_bytes()
            if path.suffix == ".gz":
                content = gzip.decompress(content)
            return np.frombuffer(content, np.uint8, offset=offset)
    return pytest.skip(f"needs the real MNIST: CHAINRULE_DATA holds no {name}")


@pytest.fixture(scope="module")
def test_set():
    images = read("t10k-images-idx3-ubyte", 16).reshape(-1, 28, 28)
    return images, read("t10k-labels-idx1-ubyte", 8).astype(np.int64)


def test_standardised_pictures_are_the_true_ones(test_set):
    images, labels = test_set
    standardised = ((images / 255 - 0.1307) / 0.3081).astype(np.float32).reshape(len(images), -1)
    figures = plots.samples(images, labels), plots.samples(standardised, labels)
    for raw, prepared in zip(*(figure.axes[0].images for figure in figures), strict=True):
        seen = raw.norm(raw.get_array())
        np.testing.assert_allclose(prepared.norm(prepared.get_array()), seen, atol=1e-6)
        assert 0 == seen.min() < seen.max() <= 1


def test_ten_thousand_images_make_a_board_of_mistakes(test_set, tmp_path):
    images, labels = test_set
    predicted = np.where(labels == 4, 9, labels)
    figure = plots.mistakes(images, labels, predicted, np.full(len(labels), 0.9))
    assert plots.alt_text(figure).startswith("982 mistakes in 10,000 images")
    assert plots.save_figure(figure, tmp_path / "mistakes.png").stat().st_size > 10_000
