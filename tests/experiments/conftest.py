import pytest
from hand_made import save_metrics, save_picture

from chainrule import cli, create_network
from chainrule.storage.models import Model, parameters_sha256, save_model

SIZES = (6, 5, 3)


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a run folder without any training: metrics, models, figures."""

    def write(metrics, figures=("samples", "training_comparison"), title="MNIST"):
        folder = tmp_path / "run"
        (folder / "models").mkdir(parents=True)
        (folder / "figures").mkdir()
        for i, run in enumerate(run for run in metrics["runs"] if run["status"] == "finished"):
            network = create_network(run["optimizer"], rng=i, sizes=SIZES)
            run["parameters_sha256"] = parameters_sha256(network)
            model = Model(network, {"mean": 0.1307, "std": 0.3081}, data={"title": title})
            save_model(folder / "models" / f"{run['lane']}.npz", model)
        for name in figures:
            save_picture(folder / "figures" / f"{name}.png", f"The words for {name}.")
        save_metrics(folder, metrics)
        return folder

    return write


@pytest.fixture
def working_folder(tmp_path, monkeypatch):
    """Stand in an empty folder, without CHAINRULE_DATA."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    return tmp_path


def words(stripes, *arguments):
    """Return a command line that compares on the stripes, two epochs, one lane at a time."""
    return ["compare", "--data", str(stripes), "--epochs", "2", "--jobs", "1", *arguments]


@pytest.fixture
def compare(working_folder, stripes):
    """Return a function that runs ``chainrule compare`` on the stripes; it returns the status."""
    return lambda *arguments: cli.main(words(stripes, *arguments))


@pytest.fixture(scope="module")
def compared(tmp_path_factory, stripes):
    """Return a function that runs ``chainrule compare`` as well, and returns its run folder."""

    def run(*arguments):
        folder = tmp_path_factory.mktemp("compared") / "out"
        assert cli.main([*words(stripes, *arguments), "--out", str(folder)]) == 0
        return folder

    return run
