import pytest
from hand_made import save_metrics, save_picture

from chainrule import create_network
from chainrule.storage import Model, parameters_sha256, save_model

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
