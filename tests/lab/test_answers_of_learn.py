"""What the server answers to Learn: the library's numbers, within the bounds of every request."""

import base64
import re

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the lab's packages are not installed")

from lab_client import Client

from chainrule import create_network, train_batch
from chainrule.checks import ChainruleError
from chainrule.data.split import drawn_rows, split_dataset, trainable
from chainrule.lab import answers, learn
from chainrule.lab.asked import Asked
from chainrule.lab.networks import MOST_TAKEN, Lab
from chainrule.lab.runs import IMAGES, MOST_RUNS
from chainrule.lab.walk.batch import FIELDS
from chainrule.lab.walk.cards import backward
from chainrule.lab.words import Refused, said, sentence
from chainrule.optimizers import create_optimizer
from chainrule.threads import one_thread
from chainrule.training import epoch_batches

LANES = [["sgd", 0.05], ["adam", 0.0005]]
RUN = {
    "tab": "0123abcd", "seed": 0, "hidden": [16, 16], "batch_size": 64, "lanes": LANES,
    "branches": [[]],
}  # fmt: skip


@pytest.fixture(scope="module")
def lab(lab_run):
    return Lab(lab_run.dataset, {})


def opened(lab, **fields):
    return learn.open_run(lab, Asked(RUN | fields, learn.OPEN))


def turn(lab, run, to, have=0, branch=0, **fields):
    asked = {"run": run, "branch": branch, "to": to, "have": have, **fields}
    return learn.turn(lab, Asked(asked, learn.TURN))


def go(lab, run, to, **fields):
    while not (answer := turn(lab, run, to, **fields))["is_there"]:
        pass
    return answer


def look(lab, run, step, *parts, branch=0, **fields):
    asked = {"run": run, "branch": branch, "step": step, "parts": list(parts), **fields}
    return learn.look(lab, Asked(asked, learn.LOOK))


@pytest.fixture(scope="module")
def run(lab):
    """Return the key of a run that stands at step 45."""
    key = opened(lab)["run"]
    go(lab, key, 45)
    return key


@pytest.fixture(scope="module")
def split(lab):
    return split_dataset(lab.dataset, min(IMAGES, trainable(lab.dataset)))


def trained(split, lane, steps):
    """Train by the library alone; return the network and the losses."""
    name, rate = LANES[lane]
    network = create_network(name, rng=0, sizes=(784, 16, 16, 10))
    network.optimizer = create_optimizer(name, rate)
    with one_thread():
        losses = [
            train_batch(network, split.X_train[batch], split.y_train[batch])
            for batch in epoch_batches(len(split.X_train), 64, 0, 0)[:steps]
        ]
    return network, losses


def test_a_run_learns_from_the_images_of_a_comparison(lab, split):
    facts = opened(lab)
    assert facts["images"] == len(split.X_train)
    assert facts["sizes"] == [784, 16, 16, 10]
    assert facts["chance"] == pytest.approx(np.log(10))
    assert facts["few"] == min(1000, facts["validation"])
    assert facts["branches"] == [{"changes": [], "stretches": [[0, 0, 64]], "reached": 0}] or (
        facts["branches"][0]["reached"] == 45
    )


def test_the_losses_of_turns_are_those_of_train_batch(lab, run, split):
    answer = go(lab, run, 45)
    for lane, of_lane in enumerate(answer["lanes"]):
        assert of_lane["losses"] == pytest.approx(trained(split, lane, 45)[1], rel=1e-6)
        assert [check[0] for check in of_lane["checks"]] == [0, 20, 40]
    later = turn(lab, run, 45, have=30)
    assert later["lanes"][0]["losses"] == answer["lanes"][0]["losses"][30:]
    assert [check[0] for check in later["lanes"][0]["checks"]] == [40]


def test_a_turn_is_short_whatever_is_asked(lab):
    facts = opened(lab, tab="00000001")
    answer = turn(lab, facts["run"], 20_000)
    assert answer["at"] == facts["steps_in_turn"] < 1000
    assert not answer["is_there"]
    wide = opened(lab, tab="00000001", hidden=[256, 128, 64])
    assert wide["steps_in_turn"] < facts["steps_in_turn"] / 4


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": -1}, {"seed": 1_000_000}, {"hidden": []}, {"hidden": [257]}, {"hidden": [16] * 5},
        {"hidden": [0]}, {"batch_size": 0}, {"batch_size": 1025}, {"lanes": []},
        {"lanes": [["sgd", 0.1]] * 19}, {"lanes": [["lion", 0.1]]}, {"lanes": [["sgd", 0]]},
        {"lanes": [["sgd", 101]]}, {"lanes": [["sgd"]]}, {"lanes": ["sgd"]}, {"tab": "x"},
        {"branches": []}, {"branches": [[[step, 0, 0.1]] for step in range(5)]},
        {"branches": [[], []]}, {"branches": [[[5, 2, 0.1]]]}, {"branches": [[[20_001, 0, 0.1]]]},
        {"branches": [[[5, None, 0.5]]]}, {"branches": [[[5, 0, 0.1], [4, 0, 0.1]]]},
        {"branches": [[[5, 0, 0.1], [5, 0, 0.2]]]}, {"branches": [[[i, 0, 1] for i in range(51)]]},
        {"lanes": [[name, 0.1] for name in ("adam", "adamw", "rmsprop") for _ in range(6)],
         "hidden": [256, 256, 256, 256]},
    ],
)  # fmt: skip
def test_a_run_out_of_bounds_is_refused(lab, fields):
    with pytest.raises(ChainruleError):
        opened(lab, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"to": -1}, {"to": 20_001}, {"have": -1}, {"branch": 1}, {"branch": None}, {"run": "x"},
        {"run": ["x"]}, {"layer": 3, "name": "weights", "at": [0, 0]},
        {"layer": 0, "name": "weights", "at": [784, 0]}, {"layer": 0, "name": "biases", "at": [16]},
        {"layer": 0, "name": "weights", "at": [0, -1]}, {"layer": 0, "name": "x", "at": [0]},
    ],
)  # fmt: skip
def test_a_turn_out_of_bounds_is_refused(lab, run, fields):
    asked = {"run": run, "branch": 0, "to": 1, "have": 0} | fields
    with pytest.raises(ChainruleError):
        learn.turn(lab, Asked(asked, learn.TURN))


@pytest.mark.parametrize(
    "fields", [{"step": -1}, {"parts": ["all"]}, {"parts": ["bars"] * 5}, {"image": [0.5]}]
)
def test_a_look_out_of_bounds_is_refused(lab, run, fields):
    asked = {"run": run, "branch": 0, "step": 0, "parts": []} | fields
    with pytest.raises(ChainruleError):
        learn.look(lab, Asked(asked, learn.LOOK))


def test_a_look_shows_the_networks_own_weights_bars_and_next_step(lab, run, split):
    image = (lab.images[0] / 255).tolist()
    answer = look(lab, run, 45, "units", "bars", "layers", "along", image=image)
    batch = epoch_batches(len(split.X_train), 64, 0, 0)[45]
    _, rows = drawn_rows(lab.dataset, len(split.X_train))
    assert answer["batch"] == rows[batch].tolist()
    taken = lab.dataset.train_images[rows[batch]]
    np.testing.assert_array_equal(split.standardisation.apply(taken), split.X_train[batch])
    for lane, seen in enumerate(answer["lanes"]):
        network, _ = trained(split, lane, 45)
        weights = network[0].parameters["weights"]
        pictures = np.frombuffer(base64.b64decode(seen["units"]["bytes"]), np.uint8)
        shown = (pictures.reshape(16, 784) - 128.0) / 127 * seen["units"]["limit"]
        assert np.abs(shown - weights.T).max() <= seen["units"]["limit"] / 250
        inputs = split.standardisation.apply(np.array([image], np.float32))
        np.testing.assert_allclose(seen["bars"], network.predict_proba(inputs)[0], atol=1e-6)
        before, (X, y) = network.parameters.copy(), (split.X_train[batch], split.y_train[batch])
        loss = train_batch(network, X, y)
        move = network.parameters - before
        assert seen["next"]["loss"] == pytest.approx(loss, rel=1e-6)
        assert seen["next"]["in_rates"] == pytest.approx(np.abs(move).max() / LANES[lane][1])
        norms = seen["next"]["layers"][1]
        whole = [network[2].gradients[name].ravel() for name in ("weights", "biases")]
        assert norms["gradient"] == pytest.approx(np.linalg.norm(np.concatenate(whole)))
        along = dict(map(tuple, seen["next"]["along"]))
        assert along[0] == pytest.approx(loss, rel=1e-6)
        after = network.loss(network.forward(X), y)[0]
        assert along[1] == pytest.approx(after, rel=1e-5)
        assert max(along) == 20
    assert lab.runs.run(run).positions == [45, 45], "a look moves nothing"


def test_adams_first_step_is_one_rate_long(lab, run):
    first = look(lab, run, 0, "layers")["lanes"][1]["next"]
    assert first["in_rates"] == pytest.approx(1, abs=1e-4)


def test_the_ninth_run_is_opened_for_the_oldest_which_comes_again_from_its_address(lab):
    key = opened(lab, tab="00000002")["run"]
    before = go(lab, key, 30)["lanes"][0]["losses"]
    for number in range(MOST_RUNS):
        opened(lab, tab="00000003", seed=number)
    with pytest.raises(Refused) as caught:
        turn(lab, key, 30)
    assert caught.value.said["say"] == "learn.forgotten"
    assert opened(lab, tab="00000002")["run"] == key
    assert go(lab, key, 30)["lanes"][0]["losses"] == before


def test_tabs_have_runs_of_their_own(lab):
    one, other = (opened(lab, tab=tab)["run"] for tab in ("00000004", "00000005"))
    go(lab, one, 5)
    assert opened(lab, tab="00000005")["branches"][0]["reached"] == 0
    assert one != other


def test_other_screens_take_the_network_of_a_step(lab, split):
    key = opened(lab, branches=[[], [[10, 0, 0.5]]])["run"]
    go(lab, key, 30)
    id = look(lab, key, 30)["lanes"][0]["network"]
    chosen = answers.network_asked(lab, Asked({"network": id}, ["network"]))
    assert chosen.title == "run of sgd at 0.05, step 30"
    wanted, _ = trained(split, 0, 30)
    assert chosen.network.parameters.tobytes() == wanted.parameters.tobytes()
    described = learn.network(lab, Asked({"network": id}, ["network"]))
    assert described["sizes"] == [784, 16, 16, 10]
    fields = {"network": id, "indices": [0]}
    assert backward(lab, Asked(fields, FIELDS))["loss"] > 0
    go(lab, key, 12, branch=1)
    other = look(lab, key, 12, branch=1)["lanes"][0]["network"]
    opened(lab, branches=[[]])
    with pytest.raises(Refused):  # that branch is no more, and its place is no other's
        lab.of_run(other)
    for step in range(MOST_TAKEN + 2):
        lab.of_run(
            re.sub("[0-9]+$", str(step), other.replace(other.split("-")[2], id.split("-")[2]))
        )
    assert len(lab.taken) == MOST_TAKEN
    with pytest.raises(Refused):
        lab.of_run(re.sub("[0-9]+$", "19999", id))


def test_the_page_is_answered_behind_the_gate(lab_server):
    client = Client(lab_server)
    assert client.post("/api/learn", RUN, X_Chainrule_Token="another")[0] == 403
    status, facts = client.post("/api/learn", RUN)
    assert status == 200
    asked = {"run": facts["run"], "branch": 0, "to": 3, "have": 0}
    status, answer = client.post("/api/learn/turn", asked)
    assert (status, len(answer["lanes"][0]["losses"])) == (200, 3)
    status, refusal = client.post("/api/learn/turn", asked | {"run": "0"})
    assert (status, refusal["error"]) == (400, sentence(said("learn.forgotten", most=MOST_RUNS)))
