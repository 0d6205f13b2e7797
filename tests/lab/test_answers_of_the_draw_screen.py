import numpy as np
import pytest
from PIL import Image

from chainrule.checks import ChainruleError
from chainrule.lab import answers
from chainrule.lab.asked import Asked
from chainrule.lab.words import sentence
from chainrule.losses import softmax
from chainrule.reading.centring import centring


def ask(answer, lab, **fields):
    return answer(lab, Asked(fields, fields))


def drawing(lab, index=0, factor=4):
    """Return a stored digit as if it had been drawn on a larger canvas, off the middle."""
    small = lab.dataset.test_images[index]
    large = np.kron(small, np.ones((factor, factor), np.uint8))
    return np.roll(large, (-9, 7), axis=(0, 1))


def centred(lab, picture):
    height, width = picture.shape
    pixels = picture.ravel().tolist()
    return ask(answers.centre, lab, network="adam-seed0", pixels=pixels, width=width, height=height)


def image_of(lab, index=0):
    return (lab.images[index] / 255).tolist()


def test_the_lab_says_what_there_is(lab):
    said = ask(answers.lab, lab)
    assert said["data"]["title"] == lab.dataset.title
    assert said["data"]["test_images"] == len(lab.labels)
    assert (said["data"]["note"] is None) == (not lab.dataset.is_sample)
    assert [network["id"] for network in said["networks"]] == ["adam-seed0", "sgd-seed0"]
    assert said["pairs"] == [["adam-seed0", "sgd-seed0"]]
    first = said["networks"][0]
    assert first["sizes"] == [784, 16, 16, 10]
    assert first["parameters"] == 784 * 16 + 16 + 16 * 16 + 16 + 16 * 10 + 10
    assert first["optimizer"] == "adam"
    assert [layer["words"] for layer in first["layers"]] == [
        "Dense(784, 16)", "ReLU()", "Dense(16, 16)", "ReLU()", "Dense(16, 10)"
    ]  # fmt: skip
    assert [(layer["n_in"], layer["n_out"]) for layer in first["layers"]] == [
        (784, 16), (16, 16), (16, 16), (16, 16), (16, 10)
    ]  # fmt: skip


@pytest.mark.parametrize("index", range(5))
def test_a_drawing_is_centred_exactly_as_the_library_centres_it(lab, index):
    picture = drawing(lab, index)
    steps, answer = centring(picture, light_on_dark=True), centred(lab, picture)
    assert answer["image"] == steps.centred.ravel().tolist()
    for stage in answer["stages"]:
        array = getattr(steps, stage["name"])
        assert (stage["height"], stage["width"]) == array.shape
        assert stage["pixels"] == np.rint(array * 255).astype(int).ravel().tolist()
        assert sentence(stage["words"]).endswith(".")


@pytest.mark.parametrize("ground", [0, 255])
def test_the_ground_of_the_pad_is_known_where_its_border_is_inked(lab, monkeypatch, ground):
    monkeypatch.setattr(type(lab), "ground", "light" if ground else "dark")
    full = np.full((112, 112), 255, np.uint8)
    image = np.reshape(centred(lab, full)["image"], (28, 28))
    assert (image[5:25, 5:25] == 1).all()
    assert image.sum() == 400
    full[40:60, 40:60] = 0  # a hole in the ink
    image = np.reshape(centred(lab, full)["image"], (28, 28))
    assert image[5:25, 5:25].min() == 0


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        (0.29, -0.5, "0.29 pixels below and 0.50 pixels left of the middle"),
        (-0.004, 0.12, "0.12 pixels right of the middle"),
        (-1.5, 0, "1.50 pixels above the middle"),
        (0, 0.004, "exactly in the middle"),
    ],
)
def test_where_the_ink_ends_is_told_in_a_learners_words(rows, columns, words):
    numbers = {"offset_rows": rows, "offset_columns": columns}
    for is_lopsided in (False, True):
        told = answers._stage("centred", np.zeros((2, 2)), numbers | {"is_lopsided": is_lopsided})
        assert words in sentence(told["words"])


def test_a_raw_drawing_is_the_mean_of_its_boxes(lab):
    picture = drawing(lab)
    boxes = picture.reshape(28, 4, 28, 4).mean(axis=(1, 3))
    assert np.allclose(centred(lab, picture)["raw"], boxes.ravel() / 255, atol=1e-6)


def test_a_raw_drawing_that_is_no_square_stands_in_the_middle_of_one(lab):
    picture = np.zeros((28, 14), np.uint8)
    picture[3:20, 5:7] = 255
    raw = np.reshape(centred(lab, picture)["raw"], (28, 28))
    assert (raw[:, 7:21] == picture / np.float32(255)).all()
    assert not raw[:, :7].any()
    assert not raw[:, 21:].any()


def test_feeding_a_drawing_raw_makes_the_prediction_fall(lab):
    small = np.asarray(Image.fromarray(lab.dataset.test_images[0]).resize((40, 40)))
    picture = np.zeros((112, 112), np.uint8)
    picture[60:100, 4:44] = small
    answer = centred(lab, picture)
    label = int(lab.labels[0])
    shares = [
        ask(answers.forward, lab, network="adam-seed0", image=answer[key])["probabilities"][label]
        for key in ("image", "raw")
    ]
    assert shares[0] > 0.5 > shares[1]


def test_an_empty_drawing_is_an_error_that_says_so(lab):
    with pytest.raises(ChainruleError, match="empty"):
        centred(lab, np.zeros((112, 112), np.uint8))


@pytest.mark.parametrize("name", ["adam-seed0", "sgd-seed0"])
@pytest.mark.parametrize("index", range(10))
def test_forward_is_the_networks_own(lab, name, index):
    chosen = lab.networks[name]
    answer = ask(answers.forward, lab, network=name, image=image_of(lab, index))
    outputs = chosen.network.activations(chosen.classifier.inputs(lab.images[[index]]))
    assert len(answer["layers"]) == len(outputs)
    for layer, output in zip(answer["layers"], outputs, strict=True):
        assert layer["shape"] == [output.shape[1]]
        assert np.allclose(layer["output"], output[0], rtol=1e-5, atol=1e-5)
    assert answer["logits"] == answer["layers"][-1]["output"]
    assert np.allclose(answer["probabilities"], softmax(outputs[-1])[0], atol=1e-6)
    assert answer["predicted"] == int(chosen.predicted[index])


@pytest.mark.parametrize(("layer", "unit"), [(0, 0), (0, 15), (2, 3), (4, 9)])
def test_a_unit_taken_apart_adds_up_to_what_the_network_computes(lab, layer, unit):
    chosen = lab.networks["adam-seed0"]
    network = chosen.network.astype(np.float64)
    outputs = network.activations(chosen.classifier.inputs(lab.images[[3]]))
    answer = ask(answers.unit, lab, network="adam-seed0", image=image_of(lab, 3), layer=layer,
                 unit=unit)  # fmt: skip
    assert answer["weights"] == network[layer].weights[:, unit].tolist()
    assert np.allclose(answer["input"], network[layer].x[0], atol=1e-6)
    assert np.allclose(answer["products"], np.multiply(answer["weights"], answer["input"]))
    assert answer["sum"] + answer["bias"] == pytest.approx(answer["z"], abs=1e-12)
    assert answer["z"] == pytest.approx(outputs[layer][0, unit], abs=1e-5)
    if layer == 4:
        assert answer["relu"] is None
    else:
        assert answer["relu"] == pytest.approx(outputs[layer + 1][0, unit], abs=1e-5)
    assert answer["image_shape"] == ([28, 28] if layer == 0 else None)


def test_only_a_dense_layer_has_units(lab):
    with pytest.raises(ChainruleError, match=r"one of 0, 2, 4, got 1, ReLU\(\)"):
        ask(answers.unit, lab, network="adam-seed0", image=image_of(lab), layer=1, unit=0)


def test_weights_for_the_page_are_the_networks_to_the_bit(lab):
    answer = ask(answers.weights, lab, network="sgd-seed0")
    chosen = lab.networks["sgd-seed0"]
    for described, layer in zip(answer["layers"], chosen.network, strict=True):
        for name in ("weights", "biases"):
            array = layer.parameters.get(name)
            if array is None:
                assert described[name] is None
            else:
                assert (np.array(described[name], np.float32) == array.ravel()).all()
    assert answer["mean"] == chosen.classifier.standardisation.mean
    assert answer["std"] == chosen.classifier.standardisation.std


def test_stored_digits_are_those_of_the_test_set(lab):
    for index in (0, 7, len(lab.labels) - 1):
        answer = ask(answers.digit, lab, index=index)
        assert answer["label"] == lab.labels[index]
        assert answer["pixels"] == lab.dataset.test_images[index].ravel().tolist()
    for label in range(10):
        indices = ask(answers.digits, lab, label=label)["indices"]
        assert 0 < len(indices) <= 50
        assert set(lab.labels[indices].tolist()) == {label}
