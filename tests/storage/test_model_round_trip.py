"""What is saved is what is loaded, to the bit."""

import copy
import hashlib
import json
import pickle
import sys
import zipfile

import numpy as np
import pytest

from chainrule import (
    SGD,
    ChainruleError,
    Dense,
    Layer,
    Network,
    ReLU,
    load_model,
    mean_squared_error,
    save_model,
    train_batch,
)
from chainrule.storage.models import Model, parameters_sha256


def test_every_layer_comes_back_with_its_settings_and_its_parameters(tmp_path, network):
    save_model(tmp_path / "m.npz", network)
    loaded = load_model(tmp_path / "m.npz").network
    assert loaded.dtype == network.dtype
    assert loaded.parameters.tobytes() == network.parameters.tobytes()
    assert loaded.loss is network.loss
    for mine, theirs in zip(loaded, network, strict=True):
        assert type(mine) is type(theirs)
        assert repr(mine) == repr(theirs)
    X = np.random.default_rng(1).standard_normal((9, 3))
    np.testing.assert_array_equal(loaded.forward(X), network.forward(X))


def test_what_stands_beside_the_network_comes_back(tmp_path, model):
    save_model(tmp_path / "m.npz", model)
    loaded = load_model(tmp_path / "m.npz")
    for name in ("preprocessing", "training", "classes", "data"):
        assert getattr(loaded, name) == getattr(model, name)


def test_a_network_alone_has_nothing_beside_it(tmp_path, network):
    save_model(tmp_path / "m.npz", network)
    loaded = load_model(tmp_path / "m.npz")
    assert (loaded.preprocessing, loaded.training, loaded.classes, loaded.data) == ({}, {}, [], {})


def test_the_loss_comes_back(tmp_path):
    save_model(tmp_path / "m.npz", Network([Dense(2, 2)], loss=mean_squared_error))
    assert load_model(tmp_path / "m.npz").network.loss is mean_squared_error


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.0, 1e-45, np.finfo(np.float32).max])
def test_parameters_of_every_kind_come_back(tmp_path, network, value):
    network.parameters[3] = value
    save_model(tmp_path / "m.npz", network)
    loaded = load_model(tmp_path / "m.npz").network
    assert loaded.parameters.tobytes() == network.parameters.tobytes()


def test_saving_twice_and_saving_what_was_loaded_give_the_same_members(tmp_path, model, members):
    for name in ("first", "second"):
        save_model(tmp_path / name, model)
    save_model(tmp_path / "third", load_model(tmp_path / "first"))
    first, second, third = (members(tmp_path / name) for name in ("first", "second", "third"))
    assert first == second == third


def test_saving_changes_nothing(tmp_path, network):
    before = network.parameters.tobytes()
    save_model(tmp_path / "m.npz", network)
    assert network.parameters.tobytes() == before
    assert np.shares_memory(network[0].weights, network.parameters)


def test_a_loaded_network_can_be_trained_copied_and_pickled(tmp_path):
    network = Network([Dense(3, 4), ReLU(), Dense(4, 2)], optimizer=SGD(0.1))
    save_model(tmp_path / "m.npz", network)
    loaded = load_model(tmp_path / "m.npz").network
    assert loaded.optimizer is None
    loaded.optimizer = SGD(0.1)
    X, y = np.eye(3), [0, 1, 0]
    assert train_batch(loaded, X, y) == train_batch(network, X, y)
    np.testing.assert_array_equal(loaded.parameters, network.parameters)
    np.testing.assert_array_equal(copy.deepcopy(loaded).parameters, network.parameters)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(loaded)).parameters, network.parameters)


def test_the_file_is_an_uncompressed_npz_that_numpy_reads(tmp_path, model):
    save_model(tmp_path / "m.npz", model)
    with zipfile.ZipFile(tmp_path / "m.npz") as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    with np.load(tmp_path / "m.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"header", "0.weights", "0.biases", "6.weights", "6.biases"}
        np.testing.assert_array_equal(arrays["0.weights"], model.network[0].weights)
        header = json.loads(arrays["header"].tobytes())
    assert (header["version"], header["dtype"]) == (1, "float32")
    assert header["parameters_sha256"] == parameters_sha256(model.network)
    assert header["layers"][0] == {"type": "Dense", "n_in": 3, "n_out": 4}


def test_the_hash_is_of_the_little_endian_bytes():
    network = Network([Dense(1, 1)])
    network.parameters[...] = [1.0, -2.0]
    expected = hashlib.sha256(bytes.fromhex("0000803f000000c0")).hexdigest()
    assert parameters_sha256(network) == expected


def test_a_layer_that_chainrule_does_not_know_is_an_error_that_says_how(tmp_path):
    class Swish(Layer):
        pass

    with pytest.raises(ChainruleError, match=r"Swish\(\) .*numpy\.save.*build the network"):
        save_model(tmp_path / "m.npz", Network([Dense(2, 2), Swish()]))
    assert list(tmp_path.iterdir()) == []


def test_a_layer_of_ones_own_with_a_known_name_is_not_taken_for_it(tmp_path):
    own = type("ReLU", (Layer,), {})
    with pytest.raises(ChainruleError, match="not one of Chainrule's layers"):
        save_model(tmp_path / "m.npz", Network([own()]))


def test_a_loss_that_chainrule_does_not_know_is_an_error_that_says_how(tmp_path):
    def hinge(outputs, y):
        return 0.0, outputs

    with pytest.raises(ChainruleError, match=r"hinge .*numpy\.save"):
        save_model(tmp_path / "m.npz", Network([Dense(2, 2)], loss=hinge))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "beside",
    [
        {"preprocessing": {"mean": np.float32(0.5)}},
        {"classes": np.arange(3)},
        {"training": {"rate": {1, 2}}},
    ],
    ids=["numpy number", "array", "set"],
)
def test_what_is_no_json_is_stored_as_it_is_or_refused_in_a_sentence(tmp_path, network, beside):
    try:
        save_model(tmp_path / "m.npz", Model(network, **beside))
    except ChainruleError:
        assert list(tmp_path.iterdir()) == []
    else:
        loaded = load_model(tmp_path / "m.npz")
        for name, value in beside.items():
            np.testing.assert_equal(getattr(loaded, name), value)


@pytest.mark.parametrize("columns", [None, [], ["length", "Länge", "length"]])
def test_what_the_columns_are_is_kept(tmp_path, network, columns):
    save_model(tmp_path / "m.npz", Model(network, columns=columns))
    assert load_model(tmp_path / "m.npz").columns == columns


COLUMNS = [["a", "b"], ["a", "b", 3], "abc", {"a": 1, "b": 2, "c": 3}, 3, False]


@pytest.mark.parametrize("columns", COLUMNS, ids=str)
def test_columns_that_are_not_the_networks_are_refused(tmp_path, network, columns, change_header):
    words = "columns must be a list of 3 names"
    with pytest.raises(ChainruleError, match=words):
        save_model(tmp_path / "m.npz", Model(network, columns=columns))
    assert list(tmp_path.iterdir()) == []
    save_model(tmp_path / "m.npz", network)
    change_header(tmp_path / "m.npz", columns=columns)
    with pytest.raises(ChainruleError, match=rf"m\.npz .*{words}"):
        load_model(tmp_path / "m.npz")


def test_what_is_saved_can_be_loaded_however_long_its_header(tmp_path, network):
    model = Model(network, training={"notes": "a" * 1_100_000})
    try:
        save_model(tmp_path / "m.npz", model)
    except ChainruleError:
        return
    assert load_model(tmp_path / "m.npz").training == model.training


def test_a_missing_file_is_the_operating_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.npz")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_the_name_of_the_file_is_taken_as_it_is(tmp_path, network):
    path = tmp_path / "a model: nº 1"
    save_model(str(path), network)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    load_model(str(path))
