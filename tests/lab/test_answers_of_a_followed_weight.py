"""One weight taken apart: its terms, sums and strongest way are the library's own numbers."""

from itertools import product

import numpy as np
import pytest
from test_answers_of_the_walk_back import BATCHES, NETWORKS, arrays_of

from chainrule import SGD, Adam, numerical_gradient
from chainrule.checks import ChainruleError
from chainrule.lab.asked import Asked
from chainrule.lab.walk import batch, curve, following, steps
from chainrule.lab.words import sentence

PLACE = ("layer", "name", "at")
ENTRIES = [
    (0, "weights", (400, 3)), (0, "biases", (5,)), (2, "weights", (7, 2)), (2, "biases", (15,)),
    (4, "weights", (15, 9)), (4, "biases", (0,)),
]  # fmt: skip
LEVELS = {0: "₁", 2: "₂", 4: "₃"}
INPUTS = {0: "x", 2: "a₁", 4: "a₂"}
FOUR = [0, 1, 2, 3]


def ask(answer, lab, *names, network="adam-seed0", **fields):
    fields = {"network": network, "indices": FOUR, **fields}
    return answer(lab, Asked(fields, (*batch.FIELDS, *names)))


def follow(lab, layer, name, at, **fields):
    where = {"layer": layer, "name": name, "at": list(at)}
    return ask(following.follow, lab, *PLACE, "row", **where, **fields)


@pytest.mark.parametrize(("layer", "name", "at"), ENTRIES)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("indices", BATCHES)
def test_every_term_of_a_slope_is_a_times_dz(lab, network, indices, layer, name, at):
    answer = follow(lab, layer, name, at, network=network, indices=indices)
    _, arrays = arrays_of(lab, network, indices)
    level = LEVELS[layer]
    entry = answer["entries"][layer]
    gradient = arrays[f"dW{level}" if name == "weights" else f"db{level}"][at]
    assert entry["slope"] == gradient
    sizes = [abs(term["product"]) for term in entry["terms"]]
    assert sizes == sorted(sizes, reverse=True)
    for term in entry["terms"]:
        i = term["image"]
        assert term["a"] == (arrays[INPUTS[layer]][i, at[0]] if name == "weights" else 1)
        assert term["dz"] == arrays[f"dz{level}"][i, at[-1]]
        assert term["product"] == term["a"] * term["dz"]
    assert len(entry["terms"]) + entry["rest"]["n"] == len(indices)
    added = sum(term["product"] for term in entry["terms"]) + entry["rest"]["sum"]
    assert added == pytest.approx(gradient, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("indices", BATCHES)
def test_every_sum_is_of_weights_times_what_came_back(lab, network, indices):
    answer = follow(lab, 0, "weights", (400, 3), network=network, indices=indices)
    _, arrays = arrays_of(lab, network, indices)
    row = answer["row"]
    for layer, one in answer["sums"].items():
        level, below = LEVELS[layer], f"da{INPUTS[layer][1:]}"
        unit = one["unit"]
        assert one["total"] == arrays[below][row, unit]
        for term in [*one["terms"], one["chosen"]]:
            k = term["unit"]
            assert term["w"] == arrays[f"W{level}"][unit, k]
            assert term["dz"] == arrays[f"dz{level}"][row, k]
            assert term["product"] == term["w"] * term["dz"]
        added = sum(term["product"] for term in one["terms"]) + one["rest"]["sum"]
        assert added == pytest.approx(one["total"], rel=1e-9, abs=1e-15)
        opened = ask(following.open_sum, lab, "layer", "row", "unit", network=network,
                     indices=indices, layer=layer, row=row, unit=unit)  # fmt: skip
        assert opened["terms"] == one["terms"]
        (gate,) = opened["gates"]
        assert gate == answer["gates"][layer - 1]
        assert gate["dz"] == arrays[below.replace("a", "z")][row, unit]
        assert gate["slope"] == (gate["z"] > 0)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_strongest_way_is_the_largest_of_all_160(lab, index):
    network = lab.networks["adam-seed0"].network.astype(np.float64)
    _, arrays = arrays_of(lab, "adam-seed0", [index])
    unit = int(np.abs(arrays["dz₁"][0]).argmax())
    pixel = int(np.abs(arrays["x"][0]).argmax())
    answer = follow(lab, 0, "weights", (pixel, unit), indices=[index])
    x, z1, z2 = arrays["x"][0, pixel], arrays["z₁"][0], arrays["z₂"][0]
    ways = [
        x * (z1[unit] > 0) * network[2].weights[unit, k] * (z2[k] > 0)
        * network[4].weights[k, c] * arrays["dz₃"][0, c]
        for k, c in product(range(16), range(10))
    ]  # fmt: skip
    way = answer["way"]
    assert way["n"] == len(ways) == 160
    assert way["product"] == pytest.approx(max(ways, key=abs), rel=1e-12)
    assert sum(ways) == pytest.approx(answer["entries"][0]["slope"], rel=1e-9)
    factors = [factor["value"] for factor in way["factors"]]
    assert np.prod(factors) == pytest.approx(way["product"], rel=1e-12)
    names = [factor["name"] for factor in way["factors"]]
    assert names == ["x", "z₁", "W₂", "z₂", "W₃", "dz₃"]


def test_the_three_ways_to_move_an_output_are_the_librarys(lab):
    _, arrays = arrays_of(lab, "adam-seed0", [3])
    output = follow(lab, 2, "weights", (7, 2), indices=[3])["output"]
    unit = output["unit"]
    assert output["dz"] == arrays["db₃"][unit]
    np.testing.assert_array_equal(output["weights"], arrays["dW₃"][:, unit])
    np.testing.assert_array_equal(output["inputs"], arrays["W₃"][:, unit] * output["dz"])


def test_one_image_of_a_batch_can_be_chosen(lab):
    answer = follow(lab, 2, "weights", (7, 2), row=3)
    _, arrays = arrays_of(lab, "adam-seed0", FOUR)
    assert answer["row"] == 3
    assert answer["gates"][1]["z"] == arrays["z₁"][3, 7]
    with pytest.raises(ChainruleError, match="row must be a whole number from 0 to 3"):
        follow(lab, 2, "weights", (7, 2), row=4)


@pytest.mark.parametrize("at", [[], [0], [0, 0, 0], [784, 0], [0, 16], [-1, 0], [0.0, 0], [True, 0],
                                "00", {"0": 0}])  # fmt: skip
def test_a_place_outside_the_array_is_refused(lab, at):
    for answer, more in (
        (following.follow, {}),
        (curve.curve, {"h": 0.1}),
        (steps.steps, {"optimizer": "sgd", "rate": 0.1, "count": 1}),
    ):
        fields = {"layer": 0, "name": "weights", "at": at, **more}
        with pytest.raises(ChainruleError, match=r"^at must"):
            ask(answer, lab, *fields, **fields)


def test_the_first_layer_passes_nothing_back(lab):
    with pytest.raises(ChainruleError, match="must be one that passes a gradient back"):
        ask(following.open_sum, lab, "layer", "row", "unit", layer=0, row=0, unit=0)


# ---- the curve ----


def own(lab, name="adam-seed0", indices=FOUR):
    """Return the network in float64 with its batch, made by the library alone."""
    chosen = lab.networks[name]
    inputs = chosen.classifier.inputs(lab.images[indices]).astype(np.float64)
    return chosen.network.astype(np.float64), inputs, lab.labels[indices]


def curve_of(lab, layer, name, at, h=1e-5, **fields):
    where = {"layer": layer, "name": name, "at": list(at)}
    return ask(curve.curve, lab, *PLACE, "h", **where, h=h, **fields)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("indices", BATCHES)
@pytest.mark.parametrize(("layer", "name", "at"), ENTRIES[::2])
def test_every_point_of_a_curve_is_the_librarys_loss(lab, network, indices, layer, name, at):
    answer = curve_of(lab, layer, name, at, h=0.5, network=network, indices=indices)
    copy, X, y = own(lab, network, indices)
    array = copy[layer].parameters[name]
    _, arrays = arrays_of(lab, network, indices)
    value = float(array[at])
    assert answer["value"] == answer["values"][20] == value
    assert len(answer["values"]) == 41
    assert answer["values"][0] == pytest.approx(value - 0.5)
    assert answer["values"][-1] == pytest.approx(value + 0.5)
    assert answer["gradient"] == arrays[f"d{'W' if name == 'weights' else 'b'}{LEVELS[layer]}"][at]
    for one, loss in zip(answer["values"], answer["losses"], strict=True):
        array[at] = one
        assert loss == copy.loss(copy.forward(X), y)[0]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", ["weights", "biases"])
@pytest.mark.parametrize("layer", [0, 2, 4])
def test_its_ends_are_a_nudge_that_agrees_with_backpropagation(lab, layer, name, network):
    copy, X, y = own(lab, network)
    copy.loss_and_gradients(X, y)
    gradient = copy[layer].gradients[name]
    at = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    answer = curve_of(lab, layer, name, map(int, at), network=network)
    assert answer["relative_error"] < 1e-6
    assert "agree" in sentence(answer["verdict"])
    array = copy[layer].parameters[name]
    value = float(array[at])

    def loss(x):
        array[at] = x[0]
        return copy.loss(copy.forward(X), y)[0]

    numeric = numerical_gradient(loss, np.array([value]), step=1e-5 / max(1, abs(value)))
    assert answer["slope"] == pytest.approx(numeric[0], rel=1e-6, abs=1e-12)


def test_a_long_step_bends_and_the_shortest_rounds(lab):
    copy, X, y = own(lab)
    copy.loss_and_gradients(X, y)
    gradient = copy[4].gradients["weights"]
    at = [int(i) for i in np.unravel_index(np.abs(gradient).argmax(), gradient.shape)]
    errors = {}
    for h, word in ((10.0, "bends"), (1e-5, "agree"), (1e-12, "rounded")):
        answer = curve_of(lab, 4, "weights", at, h=h)
        errors[word] = answer["relative_error"]
        assert word in sentence(answer["verdict"])
    assert errors["agree"] < 1e-6 < min(errors["bends"], errors["rounded"])


def test_a_weight_of_a_silent_unit_moves_nothing_and_says_so(lab):
    copy, X, y = own(lab)
    copy.loss_and_gradients(X, y)
    silent = np.argwhere(copy[2].gradients["weights"] == 0)
    if not len(silent):
        pytest.skip("every unit speaks for these images")
    answer = curve_of(lab, 2, "weights", silent[0].tolist())
    assert (answer["slope"], answer["relative_error"]) == (0, 0)
    assert "silent" in sentence(answer["verdict"])


@pytest.mark.parametrize("h", [0, -1e-5, 10.1, 1e-300, "1e-5", None, True, 10**30])
def test_a_curve_must_have_a_length(lab, h):
    with pytest.raises(ChainruleError, match=r"^h "):
        curve_of(lab, 0, "weights", [0, 0], h=h)


# ---- the end: steps ----


def step(lab, layer=0, name="weights", at=(0, 0), rate=0.01, count=1, **fields):
    fields |= {"layer": layer, "name": name, "at": list(at), "rate": rate, "count": count}
    return ask(steps.steps, lab, *PLACE, "optimizer", "rate", "count", **fields)


@pytest.mark.parametrize(("layer", "name", "at"), ENTRIES)
@pytest.mark.parametrize("kind", ["sgd", "adam"])
@pytest.mark.parametrize("count", [1, 2, 10])
def test_steps_are_the_optimizers_updates(lab, kind, count, layer, name, at):
    answer = step(lab, layer, name, at, optimizer=kind, count=count)
    network, X, y = own(lab)
    optimizer = SGD(0.01) if kind == "sgd" else Adam(0.01)
    array = network[layer].parameters[name]
    losses, promised, history = [], [], []
    m = v = 0.0
    assert answer["before"] == array[at]
    for t in range(1, count + 1):
        loss, g = network.loss_and_gradients(X, y)
        losses.append(loss)
        promised.append(-0.01 * float(g @ g))
        before, slope = float(array[at]), float(network[layer].gradients[name][at])
        optimizer.update(network.parameters, g)
        m, v = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope**2
        moments = {"m": m, "v": v, "m_hat": m / (1 - 0.9**t), "v_hat": v / (1 - 0.999**t)}
        own_moments = moments if kind == "adam" else {}
        history.append({"t": t, "g": slope, **own_moments, "step": float(array[at]) - before})
    losses.append(network.loss(network.forward(X), y)[0])
    assert answer["losses"] == losses
    assert answer["promised"] == (promised if kind == "sgd" else None)
    assert answer["after"] == array[at]
    assert len(answer["history"]) == min(count, 5)
    for told, expected in zip(answer["history"], history[-5:], strict=True):
        assert told == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_a_short_step_of_sgd_keeps_what_the_slope_promised(lab):
    answer = step(lab, optimizer="sgd", rate=1e-6, name="biases", at=[0])
    before, after = answer["losses"]
    assert after - before == pytest.approx(answer["promised"][0], rel=1e-3)


def test_steps_leave_the_network_as_it_was(lab):
    network = lab.networks["adam-seed0"].network
    before = network.parameters.copy()
    assert step(lab, optimizer="adam") == step(lab, optimizer="adam")
    assert (network.parameters == before).all()
    assert network.optimizer is None


@pytest.mark.parametrize("rate", [0, -1, 101, 10**30, "1", True, None])
def test_a_rate_that_is_none_is_refused(lab, rate):
    with pytest.raises(ChainruleError, match=r"^rate"):
        step(lab, optimizer="sgd", rate=rate)


@pytest.mark.parametrize("count", [0, 11, 1.0, None])
def test_a_count_that_is_none_is_refused(lab, count):
    with pytest.raises(ChainruleError, match=r"^count"):
        step(lab, optimizer="sgd", count=count)


def test_an_optimizer_that_is_none_is_refused(lab):
    with pytest.raises(ChainruleError, match="optimizer must be one of sgd, adam, got 'momentum'"):
        step(lab, optimizer="momentum")
