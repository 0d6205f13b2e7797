"""A safetensors file holds PyTorch's layout and names, and gives the network back."""

import json

import numpy as np
import pytest
import safetensors.numpy

from chainrule import Dense, Dropout, Layer, LeakyReLU, Network, ReLU, Tanh, cli
from chainrule.checks import ChainruleError
from chainrule.interop.safetensors import export_safetensors, load_safetensors
from chainrule.losses import mean_squared_error
from chainrule.storage.models import Model, save_model


def network(*layers, dtype=np.float32, **options):
    layers = layers or (Dense(6, 5), ReLU(), Dropout(0.3), Dense(5, 7), Tanh(), Dense(7, 4))
    built = Network(layers, rng=1, dtype=dtype, **options)
    built.parameters += np.linspace(-0.1, 0.1, built.parameters.size)
    return built


@pytest.fixture
def path(tmp_path):
    return tmp_path / "it.safetensors"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_plain_sequential_of_pytorch_takes_it(path, dtype):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    ours = network(dtype=dtype)
    export_safetensors(ours, path)
    nn = torch.nn
    theirs = nn.Sequential(
        nn.Linear(6, 5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 4)
    ).to(torch.float32 if dtype == np.float32 else torch.float64)
    theirs.load_state_dict(load_file(path), strict=True)
    X = np.random.default_rng(0).normal(size=(50, 6)).astype(dtype)
    with torch.no_grad():
        came = theirs.eval()(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(came, ours.forward(X), rtol=1e-5, atol=1e-6)


def test_what_pytorch_wrote_becomes_a_network(path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    nn = torch.nn
    theirs = nn.Sequential(nn.Linear(6, 5), nn.LeakyReLU(0.2), nn.Linear(5, 3))
    save_file(theirs.state_dict(), path)
    ours = load_safetensors(path, [Dense(6, 5), LeakyReLU(0.2), Dense(5, 3)])
    X = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(ours.forward(X), theirs(torch.from_numpy(X)).numpy(), atol=1e-6)
    with pytest.raises(ChainruleError, match="does not say its layers: pass them"):
        load_safetensors(path)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [None, mean_squared_error])
def test_a_network_comes_back_bit_for_bit(path, dtype, loss):
    ours = network(dtype=dtype, **({"loss": loss} if loss else {}))
    export_safetensors(ours, path)
    back = load_safetensors(path)
    assert back.parameters.tobytes() == ours.parameters.tobytes()
    assert str(back) == str(ours)
    assert back.loss is ours.loss


def test_the_file_holds_c_contiguous_copies_under_pytorchs_names(path):
    ours = network()
    export_safetensors(ours, path)
    tensors = safetensors.numpy.load_file(path)
    assert sorted(tensors) == ["0.bias", "0.weight", "3.bias", "3.weight", "5.bias", "5.weight"]
    assert (tensors["0.weight"] == ours[0].weights.T).all()
    assert (tensors["3.bias"] == ours[3].biases).all()


def test_the_header_says_classes_and_preprocessing(path):
    model = Model(network(), classes=list("abcd"), preprocessing={"mean": 0.1, "std": 0.3})
    export_safetensors(model, path)
    with safetensors.safe_open(path, framework="numpy") as file:
        said = {key: json.loads(value) for key, value in file.metadata().items()}
    assert said["classes"] == list("abcd")
    assert said["preprocessing"] == {"mean": 0.1, "std": 0.3}


def test_a_writer_that_spoils_values_is_found_out(path, monkeypatch):
    save = safetensors.numpy.save

    def in_another_order(tensors, metadata):
        return save(
            {k: np.ascontiguousarray(v.ravel()[::-1].reshape(v.shape)) for k, v in tensors.items()},
            metadata,
        )

    monkeypatch.setattr(safetensors.numpy, "save", in_another_order)
    with pytest.raises(ChainruleError, match=r"did not give 0.weight back as it was written"):
        export_safetensors(network(), path)
    assert not path.exists()


def test_damaged_and_foreign_files_are_refused_by_name(path):
    path.write_bytes(b"no such file")
    with pytest.raises(ChainruleError, match=r"it.safetensors is no safetensors file"):
        load_safetensors(path)
    with pytest.raises(FileNotFoundError):
        load_safetensors(path.with_name("missing"))


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([Dense(6, 5)], "belong to none of the layers"),
        ([Dense(6, 5), ReLU(), Dense(5, 7)], "has no tensor 2.weight"),
        (
            [Dense(6, 4), ReLU(), Dropout(), Dense(4, 7), Tanh(), Dense(7, 4)],
            "0.weight must have shape",
        ),
    ],
)
def test_layers_that_do_not_fit_are_refused(path, layers, words):
    export_safetensors(network(), path)
    with pytest.raises(ChainruleError, match=words):
        load_safetensors(path, layers)


def test_no_header_declares_more_than_the_file_holds(path):
    tensors = {"0.weight": np.zeros((2, 3), np.float32), "0.bias": np.zeros(2, np.float32)}
    said = {
        "format": "chainrule",
        "loss": None,
        "layers": [{"type": "Dense", "n_in": 10**9, "n_out": 10**9}],
    }
    safetensors.numpy.save_file(tensors, path, {k: json.dumps(v) for k, v in said.items()})
    with pytest.raises(
        ChainruleError, match=r"0.weight must have shape \(1000000000, 1000000000\)"
    ):
        load_safetensors(path)


def test_an_own_layer_is_refused(path):
    class Own(Layer):
        pass

    with pytest.raises(ChainruleError, match="is not one of Chainrule's layers"):
        export_safetensors(network(Dense(6, 4), Own()), path)


def test_the_command(tmp_path, capsys):
    save_model(tmp_path / "model.npz", network())
    arguments = ["export", str(tmp_path / "model.npz"), "--to", "safetensors"]
    assert cli.main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["tensors"]["0.weight"] == [5, 6]
    assert said["file"] == str(tmp_path / "model.safetensors")
    back = load_safetensors(said["file"])
    assert back.parameters.tobytes() == network().parameters.tobytes()
    assert cli.main([*arguments, "--out", str(tmp_path / "model.npz")]) == 2
    assert "would replace the model" in capsys.readouterr().err
    assert cli.main([*arguments, "--out", str(tmp_path / "no" / "folder")]) == 2
    assert "cannot be written" in capsys.readouterr().err
