"""Every array of every card is the library's, and every question is answered by them."""

import json

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
    softmax,
    softmax_crossentropy_with_logits,
)
from chainrule.checks import ChainruleError
from chainrule.lab import pictures
from chainrule.lab.asked import Asked
from chainrule.lab.walk import batch, cards, passage
from chainrule.lab.words import sentence

BATCHES = ([0], [1, 2, 3, 4], list(range(16)))
NETWORKS = ("adam-seed0", "sgd-seed0")


def walk_back(lab, name="adam-seed0", **fields):
    return cards.backward(lab, Asked({"network": name, **fields}, batch.FIELDS))


def arrays_of(lab, name, indices):
    """Walk back with the library alone; return the loss and every array by its name."""
    chosen = lab.networks[name]
    network = chosen.network.astype(np.float64)
    x = chosen.classifier.inputs(lab.images[indices]).astype(np.float64)
    z1, a1, z2, a2, z3 = network.activations(x)
    labels = lab.labels[indices]
    loss, dz3 = softmax_crossentropy_with_logits(z3, labels)
    first, relu1, second, relu2, third = network.layers
    da2 = third.backward(dz3)
    dz2 = relu2.backward(da2)
    da1 = second.backward(dz2)
    dz1 = relu1.backward(da1)
    first.backward(dz1)
    arrays = {"x": x, "z₁": z1, "a₁": a1, "z₂": z2, "a₂": a2, "p": softmax(z3)}
    arrays |= {"dz₃": dz3, "da₂": da2, "dz₂": dz2, "da₁": da1, "dz₁": dz1}
    for level, layer in zip("₁₂₃", (first, second, third), strict=True):
        arrays |= {f"W{level}": layer.weights, f"dW{level}": layer.gradients["weights"]}
        arrays |= {f"db{level}": layer.gradients["biases"]}
    arrays["y"] = np.eye(10)[labels]
    arrays["p − y"] = arrays["p"] - arrays["y"]  # noqa: RUF001
    return loss, arrays


PASSED = {"dz₂": "da₂", "dz₁": "da₁"}  # what passes a ReLU keeps its colour


def tensors(card):
    return {role: one for role, one in card.items() if isinstance(one, dict) and "norm" in one}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("indices", BATCHES)
def test_every_number_of_every_card_is_the_librarys(lab, name, indices):
    answer = walk_back(lab, name, indices=indices)
    loss, arrays = arrays_of(lab, name, indices)
    assert answer["loss"] == loss
    assert answer["labels"] == lab.labels[indices].tolist()
    assert answer["predicted"] == lab.networks[name].predicted[indices].tolist()
    assert np.mean(answer["losses"]) == pytest.approx(loss, rel=1e-12)
    assert answer["pixels"] == lab.images[indices].tolist()
    for card in answer["cards"]:
        for role, tensor in tensors(card).items():
            is_door = role == "slope"
            array = (arrays[card["kept"]["name"]] > 0) * 1.0 if is_door else arrays[tensor["name"]]
            assert tensor["shape"] == list(array.shape)
            assert tensor["norm"] == np.linalg.norm(array)
            same_colours = (
                arrays[PASSED.get(tensor["name"], tensor["name"])] if not is_door else array
            )
            assert tensor["limit"] == np.abs(same_colours).max()
            shown = np.reshape(tensor["values"], (tensor["rows"], tensor["columns"]))
            if "units" in tensor:
                array = array.T[tensor["units"]]
            exact = 0 if array.size <= pictures.EXACT else 5.1e-4
            np.testing.assert_allclose(shown, np.atleast_2d(array), rtol=exact, atol=0)


def test_the_walk_has_the_names_and_the_order_of_lesson_2(lab):
    walked = walk_back(lab, indices=[0])["cards"]
    out = [card["out"]["name"] for card in walked]
    assert out == ["dz₃", "dW₃", "da₂", "dz₂", "dW₂", "da₁", "dz₁", "dW₁"]
    kept = [card["kept"]["name"] for card in walked if "kept" in card]
    assert kept == ["a₂", "z₂", "a₁", "z₁", "x"]
    for card, before in zip(walked[1:], walked, strict=False):
        if before["kind"] != "dW":
            assert card["in"] == before["out"], "an array keeps its name and its numbers"


def test_the_loss_card_alone_divides_by_the_batch(lab):
    loss, *_ = walk_back(lab, indices=[0, 1, 2, 3])["cards"]
    difference = np.array(loss["difference"]["values"])
    assert np.allclose(difference / 4, loss["out"]["values"], rtol=1e-15)


def test_four_copies_of_an_image_have_its_gradient(lab):
    one, four = (walk_back(lab, indices=[5] * count) for count in (1, 4))
    for card, other in zip(one["cards"], four["cards"], strict=True):
        if card["kind"] == "dW":
            assert other["out"]["norm"] == pytest.approx(card["out"]["norm"], rel=1e-12)


def test_training_images_are_rows_of_their_file(lab):
    indices = [7, 0, 2999, *range(20, 31)]
    answer = walk_back(lab, indices=indices, of="training")
    assert answer["labels"] == lab.dataset.train_labels[indices].tolist()
    assert answer["pixels"] == lab.dataset.train_images[indices].reshape(-1, 784).tolist()
    assert walk_back(lab, indices=[3], of="test") == walk_back(lab, indices=[3])


def test_a_batch_of_64_is_the_mean_of_its_images(lab):
    answer = walk_back(lab, indices=list(range(64)))
    assert answer["loss"] == pytest.approx(np.mean(answer["losses"]), rel=1e-12)


def test_a_drawing_with_a_label_walks_as_a_stored_image_does(lab):
    stored = walk_back(lab, indices=[3])
    image = (lab.images[3] / 255).tolist()
    drawn = walk_back(lab, images=[image], labels=[int(lab.labels[3])])
    assert drawn["loss"] == pytest.approx(stored["loss"], rel=1e-4)
    assert drawn["pixels"] == stored["pixels"]
    other = walk_back(lab, images=[image], labels=[(int(lab.labels[3]) + 1) % 10])
    assert other["loss"] > drawn["loss"]


def test_the_network_is_left_as_it_was(lab):
    network = lab.networks["adam-seed0"].network
    before, gradients = network.parameters.copy(), network.gradients.copy()
    walk_back(lab, indices=[0])
    assert (network.parameters == before).all()
    assert (network.gradients == gradients).all()
    assert network.dtype == np.float32


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"indices": []}, "list of 1 to 64"),
        ({"indices": [0] * 65}, "list of 1 to 64"),
        ({"indices": [-1]}, r"indices\[0\] must be a whole number"),
        ({"indices": [10**9]}, r"indices\[0\] must be a whole number"),
        ({"indices": [True]}, r"indices\[0\] must be a whole number"),
        ({"indices": [10_000], "of": "test"}, r"indices\[0\] must be a whole number"),
        ({"indices": [0], "of": "validation"}, "of must be one of test, training"),
        ({"indices": [0], "labels": [10]}, r"labels\[0\] must be a whole number from 0 to 9"),
        ({"indices": [0], "labels": [1, 2]}, "labels must be a list of 1"),
        ({"images": [[0.0] * 784]}, "labels is missing"),
        ({"images": [[0.0] * 783], "labels": [1]}, "784"),
        ({"images": [0.0] * 784, "labels": [1]}, "1 to 64"),
        ({}, "images is missing"),
    ],
)
def test_a_batch_that_is_none_is_refused(lab, fields, sentence):
    with pytest.raises(ChainruleError, match=sentence):
        walk_back(lab, **fields)


# ---- predict first ----


def asks(lab, kind):
    for index in range(40):
        for card in walk_back(lab, indices=[index])["cards"]:
            if card["kind"] == kind:
                yield card, card["ask"]


def test_half_of_the_doors_that_are_asked_about_are_open(lab):
    opened = []
    for card, ask in asks(lab, "gate"):
        j = int(ask["question"]["j"])
        z, da, dz = (card[role]["values"][j] for role in ("kept", "in", "out"))
        right = ask["choices"][ask["right"]]["value"]
        assert right == dz == (da if z > 0 else 0)
        opened.append(z > 0)
    assert 0.4 < np.mean(opened) < 0.6


def test_the_right_product_and_its_sign_are_those_of_the_card(lab):
    seen = set()
    for card, ask in asks(lab, "dW"):
        what, right = ask["question"], ask["choices"][ask["right"]]
        i, j = int(what["i"]), int(what["j"])
        x, y = card["kept"]["values"][i], card["in"]["values"][j]
        assert (what["x"], what["y"]) == (x, y)
        kind = what["say"].rpartition(".")[2]
        seen.add(kind)
        if kind == "pair":
            assert sentence(right) == f"{card['kept']['name']}[{i}] · {card['in']['name']}[{j}]"
        elif kind == "twice":
            assert right["value"] == 2 * x * y
        else:
            word = "falls" if x * y < 0 else "rises" if x * y > 0 else "stays"
            assert right["say"] == f"backwards.ask.{word}"
    assert seen == {"pair", "twice", "sign"}


def test_the_sign_that_is_asked_for_is_that_of_the_loss_card(lab):
    signs = set()
    for card, ask in asks(lab, "loss"):
        slope = card["out"]["values"][int(ask["question"]["unit"])]
        right = ask["choices"][ask["right"]]["say"].rpartition(".")[2]
        assert right == ("below" if slope < 0 else "above")
        signs.add(right)
    assert signs == {"below", "above"}


def test_the_order_of_choices_is_fixed_by_network_image_and_step_and_has_no_favourite(lab):
    assert walk_back(lab, indices=[4])["cards"] == walk_back(lab, indices=[4])["cards"]
    for kind in ("loss", "gate", "dW", "da"):
        places = [ask["right"] for _, ask in asks(lab, kind)]
        assert max(np.bincount(places)) < 0.6 * len(places)


@pytest.mark.parametrize("indices", BATCHES)
def test_all_that_is_asked_can_be_said(lab, indices):
    for card in walk_back(lab, indices=indices)["cards"]:
        ask = card["ask"]
        texts = [sentence(choice) for choice in ask["choices"]]
        assert len(set(texts)) == len(texts) >= 3
        assert sentence(ask["question"]).endswith("?")
        assert sentence(ask["why"]).endswith(".")


# ---- other networks, larger arrays ----


def test_layers_of_other_kinds_have_cards_too():
    layers = [Dense(784, 6), Sigmoid(), Dense(6, 5), Tanh(), Dropout(0.5), Dense(5, 4),
              LeakyReLU(), Dense(4, 10)]  # fmt: skip
    network = Network(layers, dtype=np.float64)
    X = np.random.default_rng(0).standard_normal((4, 784))
    asked = batch.Batch("own", network, X, X, np.array([1, 2, 3, 4]), range(10), (28, 28))
    walked = cards.cards_of(asked)["cards"]
    assert [card["kind"] for card in walked] == [
        "loss", "dW", "da", "gate", "dW", "da", "gate", "gate", "dW", "da", "gate", "dW"
    ]  # fmt: skip
    assert [card["out"]["name"] for card in walked][5:9] == ["da₂′", "da₂", "dz₂", "dW₂"]  # noqa: RUF001
    json.dumps(walked, allow_nan=False)
    for card in walked:
        if card["kind"] == "gate":
            product = np.multiply(card["slope"]["values"], card["in"]["values"])
            np.testing.assert_allclose(card["out"]["values"], product, rtol=1e-12)
            assert card["ask"]["choices"][card["ask"]["right"]]["value"] == pytest.approx(
                card["out"]["values"][int(card["ask"]["question"]["j"])]
            )


def test_names_go_by_layer_where_a_network_begins_otherwise():
    assert passage.names_of(Network([Dense(3, 2), ReLU(), Dense(2, 2)])) == ["z₁", "a₁", "z₂"]


def test_blocks_keep_the_entry_of_largest_size():
    array = np.random.default_rng(0).standard_normal((784, 256))
    shown, (rows, columns) = pictures.blocks(array, 16_384)
    assert shown.size <= 16_384
    for r, c in ((0, 0), (3, 5), (len(shown) - 1, shown.shape[1] - 1)):
        block = array[r * rows : (r + 1) * rows, c * columns : (c + 1) * columns]
        assert abs(shown[r, c]) == np.abs(block).max()
        assert shown[r, c] in block


def test_rounding_keeps_the_digits_and_the_smallest_numbers():
    numbers = np.array([0.0, 1.23456789, -9.8768e-12, 5e-324])
    assert pictures.rounded(numbers, 4).tolist() == [0.0, 1.235, -9.877e-12, 5e-324]


def test_of_many_units_the_steepest_are_shown_as_pictures():
    array = np.random.default_rng(0).standard_normal((784, 256)) * np.arange(256)
    shown = pictures.tiles("dW₁", array)
    assert len(shown["units"]) == shown["rows"] == pictures.MOST_UNITS
    norms = np.linalg.norm(array, axis=0)
    assert min(norms[shown["units"]]) >= np.sort(norms)[-pictures.MOST_UNITS]
    first = pictures.rounded(array[:, shown["units"][0]], pictures.DIGITS)
    assert shown["values"][:784] == first.tolist()
