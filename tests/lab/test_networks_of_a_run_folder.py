import json
import shutil

import numpy as np
import pytest

from chainrule import Dense, Network
from chainrule.checks import ChainruleError
from chainrule.data.dataset import Dataset
from chainrule.lab.networks import Lab, check_dataset, networks_of_run
from chainrule.storage.models import Model, load_model, save_model


@pytest.fixture
def own_run(lab_run, tmp_path):
    """Return a copy of the run folder, to be changed."""
    return shutil.copytree(lab_run.path, tmp_path / "run")


def change_metrics(folder, change):
    path = folder / "metrics.json"
    metrics = json.loads(path.read_text())
    change(metrics)
    path.write_text(json.dumps(metrics))


def test_the_networks_are_those_of_the_folder_to_the_bit(lab, lab_run):
    assert list(lab.networks) == ["adam-seed0", "sgd-seed0"]
    for name, network in lab.networks.items():
        saved = load_model(lab_run.path / "models" / f"{name}.npz").network
        assert (network.network.parameters == saved.parameters).all()


def test_the_accuracy_is_that_of_the_run(lab, lab_run):
    metrics = json.loads((lab_run.path / "metrics.json").read_text())
    for run in metrics["runs"]:
        network = lab.networks[run["lane"]]
        assert network.test_accuracy == run["test_accuracy"]
        assert network.accuracy_words.startswith(f"{100 * run['test_accuracy']:.2f}% of ")
        named_mnist = "MNIST's test images" in network.accuracy_words
        assert named_mnist != lab_run.dataset.is_sample


def test_what_it_answers_to_the_test_images_is_its_own(lab):
    for network in lab.networks.values():
        expected = network.network.predict_proba(network.classifier.inputs(lab.images))
        assert (network.probabilities == expected).all()


def test_a_lane_that_diverged_is_left_out_and_named(lab_run, own_run):
    def diverge(metrics):
        metrics["runs"][0] |= {"status": "diverged", "stopped": {"step": 3, "layer": "the loss"}}

    change_metrics(own_run, diverge)
    said = []
    assert list(networks_of_run(own_run, lab_run.dataset, said.append)) == ["sgd-seed0"]
    assert said == ["adam-seed0 diverged, and the lab leaves it out."]


def test_a_folder_without_a_finished_network_is_an_error(lab_run, own_run):
    change_metrics(own_run, lambda metrics: metrics.update(runs=[]))
    with pytest.raises(ChainruleError, match="holds no trained network"):
        networks_of_run(own_run, lab_run.dataset, print)


def test_a_folder_that_is_no_run_folder_is_an_error(lab_run, tmp_path):
    with pytest.raises(ChainruleError, match="is not a run folder"):
        networks_of_run(tmp_path, lab_run.dataset, print)


def test_a_lane_cannot_lead_out_of_its_folder(lab_run, own_run):
    change_metrics(own_run, lambda metrics: metrics["runs"][0].update(lane="../../elsewhere"))
    with pytest.raises(ChainruleError, match="plain name"):
        networks_of_run(own_run, lab_run.dataset, print)


def test_a_lane_that_an_address_cannot_hold_gets_a_number(lab_run, own_run):
    change_metrics(own_run, lambda metrics: metrics["runs"][0].update(lane='<b onload="x">'))
    (own_run / "models" / "adam-seed0.npz").rename(own_run / "models" / '<b onload="x">.npz')
    assert list(networks_of_run(own_run, lab_run.dataset, print)) == ["network-1", "sgd-seed0"]


def test_an_accuracy_on_images_that_it_may_know_is_no_test_accuracy(lab_run, own_run):
    path = own_run / "models" / "adam-seed0.npz"
    model = load_model(path)
    save_model(path, Model(model.network, model.preprocessing, model.training, model.classes, {}))
    network = networks_of_run(own_run, lab_run.dataset, print)["adam-seed0"]
    assert network.test_accuracy is None
    assert "no test accuracy" in network.accuracy_words


def test_a_network_of_other_images_is_refused(lab_run, own_run):
    model = Model(Network([Dense(64, 10)]), classes=list(range(10)))
    save_model(own_run / "models" / "adam-seed0.npz", model)
    with pytest.raises(ChainruleError, match="8x8 pixels"):
        networks_of_run(own_run, lab_run.dataset, print)


def test_a_network_of_a_table_is_refused_though_it_has_as_many_columns_as_pixels(lab_run, own_run):
    model = Model(Network([Dense(784, 10)]), classes=list(range(10)), columns=[])
    save_model(own_run / "models" / "adam-seed0.npz", model)
    with pytest.raises(ChainruleError, match="takes the 784 columns of a table"):
        networks_of_run(own_run, lab_run.dataset, print)


def of_size(height, width, classes):
    images, labels = np.zeros((classes, height, width), np.uint8), np.arange(classes)
    numbers = tuple(range(classes))
    return Dataset(images, labels, images, labels, "other", "path", "there", {}, numbers)


@pytest.mark.parametrize("form", [(8, 8, 10), (28, 20, 2), (64, 64, 10), (1, 112, 64)])
def test_data_of_other_sizes_and_classes_is_shown(form):
    check_dataset(of_size(*form))


@pytest.mark.parametrize("form", [(113, 28, 10), (28, 113, 10), (28, 28, 1), (28, 28, 65)])
def test_data_that_the_page_has_no_room_for_is_refused(form):
    with pytest.raises(ChainruleError, match="up to 112x112 pixels in 2 to 64 classes, but other"):
        check_dataset(of_size(*form))


def test_every_two_networks_are_a_pair(lab):
    assert Lab(lab.dataset, dict.fromkeys("abc", lab.networks["adam-seed0"])).pairs == [
        ("a", "b"), ("a", "c"), ("b", "c")
    ]  # fmt: skip
