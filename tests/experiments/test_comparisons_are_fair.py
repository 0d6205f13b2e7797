import json

from chainrule.data import load_dataset
from chainrule.data.split import split_dataset
from chainrule.experiments.lanes import run_lane
from chainrule.experiments.settings import lanes_of


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


def checksums(folder):
    return {run["lane"]: run["parameters_sha256"] for run in metrics_of(folder)["runs"]}


def test_every_optimizer_starts_from_the_same_weights(stripes):
    split = split_dataset(load_dataset(stripes), train_size=100)
    standing_still = {"adam": [0.0], "sgd": [0.0], "rmsprop": [0.0]}
    results = [
        run_lane(lane, split, hidden=[8], epochs=1, threads=1)
        for lane in lanes_of(standing_still, [16], [0, 1])
    ]
    starts = {}
    for result in results:
        starts.setdefault(result.lane.seed, set()).add(result.record["parameters_sha256"])
    assert all(len(start) == 1 for start in starts.values())
    assert starts[0] != starts[1]


def test_every_optimizer_sees_the_same_batches_in_the_same_order(stripes, monkeypatch):
    import chainrule.training

    seen = []
    step = chainrule.training._train_step

    def noted(network, X, y, number):
        seen[-1].append(X.copy())
        return step(network, X, y, number)

    monkeypatch.setattr(chainrule.training, "_train_step", noted)
    split = split_dataset(load_dataset(stripes), train_size=100)
    for lane in lanes_of({"adam": [0.001], "sgd": [0.1]}, [16], [3]):
        seen.append([])
        run_lane(lane, split, hidden=[8], epochs=2, threads=1)
    for one, other in zip(*seen, strict=True):
        assert (one == other).all()


def test_the_number_of_jobs_changes_no_bit(compare, working_folder):
    for jobs in ("1", "2"):
        assert compare("--seeds", "0", "1", "--jobs", jobs, "--out", jobs, "--quiet") == 0
    assert checksums(working_folder / "1") == checksums(working_folder / "2")


def test_the_company_of_other_lanes_changes_no_bit(compare, working_folder):
    assert compare("--out", "both", "--quiet") == 0
    assert compare("--optimizers", "sgd", "--out", "alone", "--quiet") == 0
    alone = checksums(working_folder / "alone")
    assert alone["sgd-seed0"] == checksums(working_folder / "both")["sgd-seed0"]


def test_seeds_change_weights_and_order_but_never_the_split(compare, working_folder):
    assert compare("--seeds", "0", "1", "--optimizers", "sgd", "--out", "out", "--quiet") == 0
    assert len(set(checksums(working_folder / "out").values())) == 2


def test_the_better_model_is_chosen_on_validation_alone():
    from chainrule.experiments.statistics import better_run

    history = {"val_loss": [0.1]}
    runs = [
        {"status": "finished", "val_accuracy": 0.9, "test_accuracy": 0.99, "history": history},
        {"status": "finished", "val_accuracy": 0.95, "test_accuracy": 0.5, "history": history},
        {"status": "diverged", "val_accuracy": 1.0, "test_accuracy": None, "history": history},
    ]
    assert better_run(runs) is runs[1]
