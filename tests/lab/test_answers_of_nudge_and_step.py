import numpy as np
import pytest

from chainrule import SGD, Adam, numerical_gradient
from chainrule.checks import ChainruleError
from chainrule.lab import moves, walk
from chainrule.lab.asked import Asked

NUDGE = (*walk.BATCH, "layer", "name", "at", "h")
STEP = (*walk.BATCH, "optimizer", "rate", "layer", "name", "at")
INDICES = [0, 1, 2, 3]
ENTRIES = [
    (0, "weights", (400, 3)), (0, "weights", (350, 11)), (0, "biases", (5,)),
    (2, "weights", (7, 2)), (2, "biases", (15,)), (4, "weights", (15, 9)), (4, "biases", (0,)),
]  # fmt: skip


def nudge(lab, network="adam-seed0", **fields):
    fields = {"network": network, "indices": INDICES, "h": 1e-5, **fields}
    return moves.nudge(lab, Asked(fields, NUDGE))


def step(lab, network="adam-seed0", **fields):
    fields = {"network": network, "indices": INDICES, "rate": 0.01, **fields}
    return moves.step(lab, Asked(fields, STEP))


def own(lab, name="adam-seed0"):
    """Return the network in float64 with its batch, made by the library alone."""
    chosen = lab.networks[name]
    inputs = chosen.classifier.inputs(lab.images[INDICES]).astype(np.float64)
    return chosen.network.astype(np.float64), inputs, lab.labels[INDICES]


def strongest(lab, layer, name, network="adam-seed0"):
    """Return the entry with the largest gradient: there a nudge is sharpest."""
    copy, X, y = own(lab, network)
    copy.loss_and_gradients(X, y)
    gradient = np.abs(copy[layer].gradients[name])
    return [int(i) for i in np.unravel_index(gradient.argmax(), gradient.shape)]


@pytest.mark.parametrize("network", ["adam-seed0", "sgd-seed0"])
@pytest.mark.parametrize("name", ["weights", "biases"])
@pytest.mark.parametrize("layer", [0, 2, 4])
def test_a_nudge_agrees_with_backpropagation(lab, layer, name, network):
    at = strongest(lab, layer, name, network)
    answer = nudge(lab, network, layer=layer, name=name, at=at)
    copy, X, y = own(lab, network)
    copy.loss_and_gradients(X, y)
    assert answer["gradient"] == copy[layer].gradients[name][tuple(at)]
    assert answer["value"] == copy[layer].parameters[name][tuple(at)]
    assert answer["relative_error"] < 1e-6
    assert answer["dtype"] == "float64"
    assert "agree" in answer["words"]


@pytest.mark.parametrize(("layer", "name", "at"), ENTRIES)
def test_the_two_losses_and_the_slope_are_the_librarys(lab, layer, name, at):
    answer = nudge(lab, layer=layer, name=name, at=list(at), h=1e-4)
    network, X, y = own(lab)
    array = network[layer].parameters[name]
    value = float(array[at])
    for key, pushed in (("loss_plus", value + 1e-4), ("loss_minus", value - 1e-4)):
        array[at] = pushed
        assert answer[key] == network.loss(network.forward(X), y)[0]

    def loss(x):
        array[at] = x[0]
        return network.loss(network.forward(X), y)[0]

    numeric = numerical_gradient(loss, np.array([value]), step=1e-4 / max(1, abs(value)))
    assert answer["slope"] == pytest.approx(numeric[0], rel=1e-6, abs=1e-12)


def test_a_weight_of_a_silent_unit_moves_nothing_and_says_so(lab):
    copy, X, y = own(lab)
    copy.loss_and_gradients(X, y)
    silent = np.argwhere(copy[2].gradients["weights"] == 0)
    if not len(silent):
        pytest.skip("every unit speaks for these images")
    answer = nudge(lab, layer=2, name="weights", at=silent[0].tolist())
    assert (answer["slope"], answer["relative_error"]) == (0, 0)
    assert "silent" in answer["words"]


@pytest.mark.parametrize("h", [0, -1e-5, 1.1, 1e-300, "1e-5", None, True, 10**30])
def test_a_nudge_must_have_a_length(lab, h):
    with pytest.raises(ChainruleError, match=r"^h "):
        nudge(lab, layer=0, name="weights", at=[0, 0], h=h)


@pytest.mark.parametrize("at", [[], [0], [0, 0, 0], [784, 0], [0, 16], [-1, 0], [0.0, 0], [True, 0],
                                "00", {"0": 0}])  # fmt: skip
def test_a_place_outside_the_array_is_refused(lab, at):
    with pytest.raises(ChainruleError, match=r"^at must"):
        nudge(lab, layer=0, name="weights", at=at)
    with pytest.raises(ChainruleError, match=r"^at must"):
        step(lab, optimizer="sgd", layer=0, name="weights", at=at)


@pytest.mark.parametrize(("layer", "name", "at"), ENTRIES)
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_a_step_is_the_optimizers_update(lab, kind, layer, name, at):
    answer = step(lab, optimizer=kind, layer=layer, name=name, at=list(at))
    network, X, y = own(lab)
    optimizer = network.optimizer = SGD(0.01) if kind == "sgd" else Adam(0.01)
    before, g = network.loss_and_gradients(X, y)
    parameters = network[layer].parameters[name]
    value, slope = float(parameters[at]), float(network[layer].gradients[name][at])
    promised = -0.01 * float(g @ g)
    optimizer.update(network.parameters, g)
    weight = answer["weight"]
    assert answer["loss_before"] == before
    assert answer["loss_after"] == network.loss(network.forward(X), y)[0]
    assert (weight["value_before"], weight["g"]) == (value, slope)
    assert weight["value_after"] == parameters[at]
    assert weight["step"] == parameters[at] - value
    assert answer["promised"] == (promised if kind == "sgd" else None)
    if kind == "sgd":
        assert [weight[key] for key in ("m", "v", "m_hat", "v_hat")] == [None] * 4
        return
    # The same numbers by name: the moments follow the flat vector.
    flat = np.flatnonzero(network.gradients == slope)
    assert weight["m"] in optimizer.state["m"][flat]
    assert weight["v"] in optimizer.state["v"][flat]
    assert weight["m"] == pytest.approx(0.1 * slope, rel=1e-12)
    assert weight["m_hat"] == pytest.approx(slope, rel=1e-12)
    assert weight["v_hat"] == pytest.approx(slope**2, rel=1e-9)
    assert weight["step"] == pytest.approx(
        -0.01 * weight["m_hat"] / (np.sqrt(weight["v_hat"]) + optimizer.epsilon), rel=1e-9
    )


def test_a_short_step_of_sgd_keeps_what_the_slope_promised(lab):
    answer = step(lab, optimizer="sgd", rate=1e-6, layer=0, name="biases", at=[0])
    change = answer["loss_after"] - answer["loss_before"]
    assert change == pytest.approx(answer["promised"], rel=1e-3)
    assert "100 %" in answer["words"]
    assert "-" not in answer["words"], "a hyphen is no minus"


def test_a_step_leaves_the_network_as_it_was(lab):
    network = lab.networks["adam-seed0"].network
    before = network.parameters.copy()
    one = step(lab, optimizer="adam", layer=0, name="weights", at=[0, 0])
    assert one == step(lab, optimizer="adam", layer=0, name="weights", at=[0, 0])
    assert (network.parameters == before).all()
    assert network.optimizer is None


@pytest.mark.parametrize("rate", [0, -1, 101, 10**30, "1", True, None])
def test_a_rate_that_is_none_is_refused(lab, rate):
    with pytest.raises(ChainruleError, match=r"^rate"):
        step(lab, optimizer="sgd", rate=rate, layer=0, name="weights", at=[0, 0])


def test_an_optimizer_that_is_none_is_refused(lab):
    with pytest.raises(ChainruleError, match="optimizer must be one of sgd, adam, got 'momentum'"):
        step(lab, optimizer="momentum", layer=0, name="weights", at=[0, 0])
