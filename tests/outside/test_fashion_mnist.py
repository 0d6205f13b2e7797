"""Real files that are not MNIST, in MNIST's form: Debian's package dataset-fashion-mnist."""

import json
from pathlib import Path

import pytest
from other_data import done, refused
from PIL import Image

from chainrule import load_model
from chainrule.data.dataset import MNIST
from chainrule.data.mnist import load_dataset

FASHION = Path("/usr/share/datasets/fashion-mnist")
pytestmark = pytest.mark.skipif(
    not FASHION.is_dir(), reason=f"there is no {FASHION}: install Debian's dataset-fashion-mnist"
)
TELL = """
from matplotlib.figure import Figure
kept = Figure.savefig
def savefig(self, *arguments, **how):
    print("DRAWN", self._suptitle.get_text().replace("\\n", " "))
    kept(self, *arguments, **how)
Figure.savefig = savefig
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the run folder of a short training, and what was said."""
    folder = tmp_path_factory.mktemp("fashion") / "run"
    arguments = ("--epochs", 2, "--train-size", 2000, "--hidden", 32, "--out", folder)
    return folder, done("train", "--data", FASHION, *arguments, before=TELL).stdout


def test_it_is_another_dataset_with_a_name_and_checksums_of_its_own():
    dataset = load_dataset(FASHION, notice=None)
    assert (dataset.name, dataset.title, dataset.classes) == (*["fashion-mnist"] * 2, (*range(10),))
    assert (dataset.train_images.shape, len(dataset.test_images)) == ((60_000, 28, 28), 10_000)
    assert not set(dataset.sha256.values()) & {known.sha256 for known in MNIST.values()}
    assert not dataset.is_turned


def test_a_little_training_tells_most_clothes_apart(trained):
    folder, said = trained
    (run,) = json.loads((folder / "metrics.json").read_text())["runs"]
    assert run["test_accuracy"] > 0.7
    assert "fashion-mnist: 2,000 images to train on, 5,000 to validate, 10,000 to test" in said


def test_its_figures_carry_its_name(trained):
    folder, said = trained
    titles = [line for line in said.splitlines() if line.startswith("DRAWN")]
    assert len(titles) == len(list((folder / "figures").iterdir())) == 2
    assert all("fashion-mnist" in title for title in titles)
    words = Image.open(folder / "figures/confusion.png").text["Description"]
    assert words.startswith("Confusion matrix of 10 classes: ")


def test_its_model_is_judged_on_its_own_test_images_and_on_no_others(trained):
    model = trained[0] / "models/adam-seed0.npz"
    assert load_model(model).data["title"] == "fashion-mnist"
    said = done("evaluate", model, "--data", FASHION).stdout
    assert said.startswith("10,000 test images of fashion-mnist: test accuracy ")
    said = done("evaluate", model, "--data", "sample").stdout
    assert "This is NOT a test accuracy" in said
    assert "(fashion-mnist)" in said


def test_the_variable_may_name_it():
    status = done("data", "status", CHAINRULE_DATA=FASHION).stdout
    assert status.startswith("CHAINRULE_DATA  another dataset")
    sentence = refused("train", "--train-size", 60_000, "--data", FASHION)
    assert "the 55,000 images of fashion-mnist" in sentence
