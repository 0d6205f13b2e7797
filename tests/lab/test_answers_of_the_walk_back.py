# ruff: noqa: RUF001  (the page shows × as a blackboard does)

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from chainrule import (
    Dense,
    Dropout,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
    softmax_crossentropy_with_logits,
)
from chainrule.checks import ChainruleError
from chainrule.lab import pictures, walk
from chainrule.lab.asked import Asked

OF_MNIST = range(10), (28, 28)
BATCHES = ([0], [1, 2, 3, 4], list(range(16)))


def cards(lab, name="adam-seed0", **fields):
    asked = Asked({"network": name, **fields}, walk.BATCH)
    return walk.backward(lab, asked)


def arrays_of(lab, name, indices):
    """Walk back with the library alone; return the loss and each card's arrays by name."""
    chosen = lab.networks[name]
    network = chosen.network.astype(np.float64)
    network[0].needs_input_gradient = True
    logits = network.forward(chosen.classifier.inputs(lab.images[indices]))
    loss, gradient = softmax_crossentropy_with_logits(logits, lab.labels[indices])
    walked = [{"z": logits, "dz": gradient}]
    for layer in reversed(network.layers):
        arrays = {"dy": gradient, "x": layer.x, "dx": layer.backward(gradient)}
        if isinstance(layer, Dense):
            arrays |= {"dW": layer.gradients["weights"], "db": layer.gradients["biases"]}
        gradient = arrays["dx"]
        walked.append(arrays)
    return loss, walked


def tensors(card):
    return [*filter(None, [card["incoming"]]), *card["kept"], *card["outgoing"]]


@pytest.mark.parametrize("name", ["adam-seed0", "sgd-seed0"])
@pytest.mark.parametrize("indices", BATCHES)
def test_every_number_of_every_card_is_the_librarys(lab, name, indices):
    answer = cards(lab, name, indices=indices)
    loss, walked = arrays_of(lab, name, indices)
    assert answer["loss"] == loss
    assert answer["batch"] == len(indices)
    assert answer["labels"] == lab.labels[indices].tolist()
    assert len(answer["cards"]) == len(walked) == 6
    for card, arrays in zip(answer["cards"], walked, strict=True):
        assert card["dtype"] == "float64"
        for tensor in tensors(card):
            array = arrays[tensor["name"]]
            assert tensor["shape"] == list(array.shape)
            assert tensor["norm"] == np.linalg.norm(array)
            assert tensor["first"] == array.ravel()[:8].tolist()
            image = tensor["image"]
            assert len(image["values"]) == image["width"] * image["height"] == array.size
            picture = array
            if array.shape == (len(indices), 784):
                picture = np.hstack(list(array.reshape(-1, 28, 28)))
            assert np.allclose(image["values"], picture.ravel(), rtol=5.1e-4, atol=0)
            assert image["limit"] == np.abs(array).max()


def test_the_walk_goes_from_the_loss_to_the_first_layer(lab):
    answer = cards(lab, indices=[0])
    assert [(card["kind"], card["index"]) for card in answer["cards"]] == [
        ("loss", None), ("Dense", 4), ("ReLU", 3), ("Dense", 2), ("ReLU", 1), ("Dense", 0)
    ]  # fmt: skip
    for card in answer["cards"]:
        names = [tensor["name"] for tensor in card["outgoing"]]
        assert names == {"loss": ["dz"], "Dense": ["dW", "db", "dx"], "ReLU": ["dx"]}[card["kind"]]


def test_the_batch_is_divided_by_on_the_loss_card_alone(lab):
    answer = cards(lab, indices=[0, 1, 2, 3])
    divides = ["/ B" in card["shapes"] for card in answer["cards"]]
    assert divides == [True, *[False] * 5]


def test_four_copies_of_an_image_have_its_gradient(lab):
    one, four = (cards(lab, indices=[5] * count) for count in (1, 4))
    for card, other in zip(one["cards"][1:], four["cards"][1:], strict=True):
        if card["kind"] == "Dense":
            for tensor, same in zip(card["outgoing"][:2], other["outgoing"][:2], strict=True):
                assert same["norm"] == pytest.approx(tensor["norm"], rel=1e-12)


def test_shapes_say_what_the_arrays_have(lab):
    dense = cards(lab, indices=[0])["cards"][-1]
    assert dense["shapes"].split("\n") == [
        "dW = xᵀ · dy, (784 × B)(B × 16) = 784 × 16",
        "db = Σ dy over the batch, (B × 16) → 16",
        "dx = dy · Wᵀ, (B × 16)(16 × 784) = B × 784",
    ]


def test_a_drawing_with_a_label_walks_as_a_stored_image_does(lab):
    stored = cards(lab, indices=[3])
    image = (lab.images[3] / 255).tolist()
    drawn = cards(lab, images=[image], labels=[int(lab.labels[3])])
    assert drawn["loss"] == pytest.approx(stored["loss"], rel=1e-4)
    other = cards(lab, images=[image], labels=[(int(lab.labels[3]) + 1) % 10])
    assert other["loss"] > drawn["loss"]


def test_the_network_is_left_as_it_was(lab):
    network = lab.networks["adam-seed0"].network
    before, gradients = network.parameters.copy(), network.gradients.copy()
    cards(lab, indices=[0])
    assert (network.parameters == before).all()
    assert (network.gradients == gradients).all()
    assert not network[0].needs_input_gradient
    assert network.dtype == np.float32


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"indices": []}, "list of 1 or 4 or 16"),
        ({"indices": [0, 1]}, "list of 1 or 4 or 16"),
        ({"indices": [0] * 17}, "list of 1 or 4 or 16"),
        ({"indices": [-1]}, r"indices\[0\] must be a whole number"),
        ({"indices": [10**9]}, r"indices\[0\] must be a whole number"),
        ({"indices": [True]}, r"indices\[0\] must be a whole number"),
        ({"indices": [0], "labels": [10]}, r"labels\[0\] must be a whole number from 0 to 9"),
        ({"indices": [0], "labels": [1, 2]}, "labels must be a list of 1"),
        ({"images": [[0.0] * 784]}, "labels is missing"),
        ({"images": [[0.0] * 783], "labels": [1]}, "784"),
        ({"images": [0.0] * 784, "labels": [1]}, "1 or 4 or 16"),
        ({}, "images is missing"),
    ],
)
def test_a_batch_that_is_none_is_refused(lab, fields, sentence):
    with pytest.raises(ChainruleError, match=sentence):
        cards(lab, **fields)


@pytest.mark.parametrize("indices", BATCHES)
@pytest.mark.parametrize("name", ["adam-seed0", "sgd-seed0"])
def test_each_question_has_one_right_choice_and_a_reason(lab, name, indices):
    for card in cards(lab, name, indices=indices)["cards"]:
        ask = card["ask"]
        assert 3 <= len(ask["choices"]) <= 4
        assert len(set(ask["choices"])) == len(ask["choices"])
        assert ask["why"].endswith(".")
        assert ask["question"].endswith("?")
        right = ask["choices"][ask["right"]]
        if card["kind"] == "Dense":
            asked = ask["question"].split()[-1].rstrip("?")
            (tensor,) = [tensor for tensor in card["outgoing"] if tensor["name"] == asked]
            assert right == " × ".join(map(str, tensor["shape"]))
        elif card["kind"] == "loss":
            sign = np.sign(card["outgoing"][0]["image"]["values"][lab.labels[indices[0]]])
            assert right == {-1: "It is below 0", 0: "It is exactly 0", 1: "It is above 0"}[sign]
        else:
            unit = int(ask["question"].split("unit ")[1].split()[0])
            x, dx = (card[key][0]["image"]["values"][unit] for key in ("kept", "outgoing"))
            assert right.startswith("0") == (x <= 0 or dx == 0)


def test_the_formulas_are_well_formed_mathml(lab):
    for card in cards(lab, indices=[0])["cards"]:
        assert ElementTree.fromstring(card["mathml"]).tag == "math"


def test_layers_of_other_kinds_have_cards_too():
    layers = [Dense(784, 6), Sigmoid(), Dense(6, 5), Tanh(), Dropout(0.5), Dense(5, 4),
              LeakyReLU(), Dense(4, 10)]  # fmt: skip
    network = Network(layers, dtype=np.float64)
    network[0].needs_input_gradient = True
    X = np.random.default_rng(0).standard_normal((4, 784))
    answer = walk.cards_of(walk.Batch(network, X, np.array([1, 2, 3, 4]), *OF_MNIST))
    assert [card["kind"] for card in answer["cards"]] == [
        "loss", "Dense", "LeakyReLU", "Dense", "Dropout", "Tanh", "Dense", "Sigmoid", "Dense"
    ]  # fmt: skip
    for card in answer["cards"]:
        assert ElementTree.fromstring(card["mathml"]).tag == "math"
        assert card["ask"]["choices"][card["ask"]["right"]]
    json.dumps(answer, allow_nan=False)


def test_a_dead_layer_gives_cards_of_zeros_not_errors():
    network = Network([Dense(784, 4), ReLU(), Dense(4, 10)], dtype=np.float64)
    network[0].biases = np.full(4, -1e6)
    network[0].needs_input_gradient = True
    answer = walk.cards_of(walk.Batch(network, np.ones((1, 784)), np.array([0]), *OF_MNIST))
    first = answer["cards"][-1]
    assert [tensor["norm"] for tensor in first["outgoing"]] == [0, 0, 0]
    assert first["outgoing"][0]["image"]["limit"] == 0
    json.dumps(answer, allow_nan=False)


def test_blocks_show_entries_of_the_array_and_the_largest_of_all():
    array = np.random.default_rng(0).standard_normal((300, 200))
    picture, block = pictures.blocks(array, 16_384)
    assert picture.size <= 16_384
    assert np.isin(picture, array).all()
    assert np.abs(picture).max() == np.abs(array).max()
    rows, columns = block
    for i, j in ((0, 0), (5, 7)):
        part = array[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns]
        assert abs(picture[i, j]) == np.abs(part).max()


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e-5, 1.0, 1e5, 1e30, 1e300])
def test_numbers_of_a_picture_keep_four_digits(scale):
    array = np.append(np.random.default_rng(0).standard_normal(100), [0.0, -0.0]) * scale
    assert np.allclose(pictures.rounded(array, 4), array, rtol=5.1e-4, atol=0)


def test_numbers_in_sentences_are_written_as_on_a_blackboard():
    minus, superscript = "\N{MINUS SIGN}", "\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT FIVE}"
    assert pictures.written(-0.125) == f"{minus}0.125"
    assert (
        pictures.written(-1.25e-5, "+.3g") == f"{minus}1.25 \N{MULTIPLICATION SIGN} 10{superscript}"
    )
    assert pictures.written(2.5e7) == "2.5 \N{MULTIPLICATION SIGN} 10\N{SUPERSCRIPT SEVEN}"
    assert pictures.written(0.5, "+.3g") == "+0.5"
    assert pictures.counted(1, "row") == "1 row"
    assert pictures.counted(1000, "row") == "1,000 rows"


@pytest.mark.parametrize("batch", [1, 4])
def test_no_sentence_of_a_card_has_a_hyphen_for_a_minus_or_one_rows(lab, batch):
    wrong = re.compile(r"(^|[ (=])-[0-9]|e-[0-9]|\b1 (rows|columns)")
    for first in range(0, 40, batch):
        for card in cards(lab, indices=list(range(first, first + batch)))["cards"]:
            asked = card["ask"]
            told = [asked["question"], asked["why"], *asked["choices"]]
            told += [tensor["image"]["words"] for tensor in card["outgoing"]]
            assert [words for words in told if wrong.search(words)] == []
