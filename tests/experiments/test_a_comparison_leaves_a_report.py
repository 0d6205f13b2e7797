import json

import pytest
from PIL import Image

from chainrule import plots
from chainrule.experiments.compare import compare
from chainrule.experiments.report import write_report
from chainrule.experiments.settings import Settings
from chainrule.experiments.words import result_of


def _noting_the_title(given, name, build):
    def noting(*args, title, **kwargs):
        given[name] = title
        return build(*args, title=title, **kwargs)

    return noting


@pytest.fixture(scope="module")
def titles():
    """Return the titles that the pictures of answers got, by name."""
    given = {}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("predictions", "mistakes"):
            patch.setattr(plots, name, _noting_the_title(given, name, getattr(plots, name)))
        yield given


@pytest.fixture(scope="module")
def folder(tmp_path_factory, titles, stripes):
    """Compare two optimizers on another dataset, in a grid in which one rate diverges."""
    place = tmp_path_factory.mktemp("report")
    settings = Settings(
        data=str(stripes),
        learning_rates={"adam": [0.001], "sgd": [0.05, 1e20]},
        batch_sizes=[64],
        seeds=[0, 1],
        hidden=[8],
        epochs=2,
        train_size=None,
        split_seed=0,
        threads=1,
    )
    return compare(settings, out=place / "out", jobs=1, say=lambda _: None, progress=False).path


@pytest.fixture(scope="module")
def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_every_figure_of_the_design_is_drawn(folder, metrics):
    finished = [run["lane"] for run in metrics["runs"] if run["status"] == "finished"]
    assert len(finished) == 4
    assert {path.stem for path in (folder / "figures").iterdir()} == {
        "samples", "training_comparison", "predictions", "mistakes", "curves_with_bands",
        "accuracy_by_learning_rate",
        *(f"confusion_{lane}" for lane in finished),
        *(f"first_layer_{lane}" for lane in finished),
    }  # fmt: skip


def test_the_report_holds_them_all_and_names_the_data(folder, metrics):
    text = (folder / "report.html").read_text("utf-8")
    assert text.count("<img ") == len(list((folder / "figures").iterdir()))
    assert str(result_of(metrics, "stripes")).startswith("On “stripes”, ")
    assert "On “stripes”, " in text
    assert "48-8-3" in text


def test_the_report_is_rebuilt_from_the_folder_alone(folder):
    before = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    assert write_report(folder).read_bytes() == before


def test_the_pictures_of_answers_are_those_of_the_run_chosen_on_validation(folder, metrics, titles):
    finished = [run for run in metrics["runs"] if run["status"] == "finished"]
    best = max(finished, key=lambda run: (run["val_accuracy"], -run["history"]["val_loss"][-1]))
    assert f"What {best['lane']} answers" in (folder / "report.html").read_text("utf-8")
    for name in ("predictions", "mistakes"):
        assert f" of {best['lane']} on test images, stripes" in titles[name]


def test_alt_texts_of_the_pictures_stand_in_the_report(folder):
    text = (folder / "report.html").read_text("utf-8")
    for path in (folder / "figures").iterdir():
        with Image.open(path) as image:
            first_words = image.info["Description"][:25]
        assert first_words.replace("'", "&#39;") in text
