"""A checkpoint puts a network, its optimizer and its generators where they were."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from chainrule import (
    SGD,
    Adam,
    AdamW,
    ChainruleError,
    Checkpoint,
    Dense,
    Dropout,
    History,
    Network,
    ReLU,
    RMSProp,
    cosine_rate,
    load_checkpoint,
    save_checkpoint,
    train_network,
)
from chainrule.experiments.keeping import Keep, Keeper
from chainrule.experiments.stopping import StopSignals

FIXTURES = Path(__file__).parent / "fixtures"
EPOCHS, BATCH = 3, 8


def falling(step):
    return cosine_rate(step, 0.01, 21)


OPTIMIZERS = {
    "sgd": lambda: SGD(falling),
    "momentum": lambda: SGD(falling, momentum=0.9),
    "rmsprop": lambda: RMSProp(falling),
    "adam": lambda: Adam(falling),
    "adamw": lambda: AdamW(falling),
}


class StoppedError(Exception):
    """What stops training between two steps."""


@pytest.fixture
def data():
    rng = np.random.default_rng(4)
    return rng.standard_normal((50, 4)).astype(np.float32), rng.integers(0, 3, 50)


def make(optimizer="adam", dtype=np.float32, hidden=6):
    layers = [Dense(4, hidden), ReLU(), Dropout(0.3), Dense(hidden, 3)]
    return Network(layers, optimizer=OPTIMIZERS[optimizer](), rng=1, dtype=dtype)


def train(network, data, **options):
    return train_network(network, *data, *data, EPOCHS, BATCH, seed=6, on_epoch=None, **options)


def trained_up_to(network, data, epoch, batch, history):
    epochs = iter(range(EPOCHS))

    def progress(batches):
        this = next(epochs)
        for i, indices in enumerate(batches):
            if (this, i) == (epoch, batch):
                raise StoppedError
            yield indices

    with pytest.raises(StoppedError):
        train(network, data, progress=progress, history=history)


def everything(network, history):
    optimizer, dropout = network.optimizer, network[2]
    moments = {name: moment.tobytes() for name, moment in optimizer.state.items()}
    seen = {key: values for key, values in history.items() if key != "seconds"}
    generator = dropout.rng.bit_generator.state
    return network.parameters.tobytes(), moments, optimizer.t, optimizer.rate, seen, generator


@pytest.mark.parametrize("at", [(0, 1), (0, 6), (1, 0), (2, 4)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_resumed_from_its_file_is_the_whole_run(tmp_path, data, optimizer, at):
    whole = make(optimizer)
    whole_history = train(whole, data)

    split, history = make(optimizer), History()
    trained_up_to(split, data, *at, history)
    save_checkpoint(tmp_path / "c.npz", split, Checkpoint(at, history))
    resumed = make(optimizer)
    checkpoint = load_checkpoint(tmp_path / "c.npz", resumed)
    assert everything(resumed, checkpoint.history) == everything(split, history)
    train(resumed, data, start=checkpoint.start, history=checkpoint.history)
    assert everything(resumed, checkpoint.history) == everything(whole, whole_history)


def test_the_best_parameters_and_the_sums_come_back(tmp_path, data):
    network, history = make(), History()
    trained_up_to(network, data, 1, 2, history)
    best = np.arange(network.parameters.size, dtype=np.float32)
    save_checkpoint(tmp_path / "c.npz", network, Checkpoint((1, 2), history, 0, best))
    checkpoint = load_checkpoint(tmp_path / "c.npz", make())
    assert (checkpoint.start, checkpoint.best_epoch) == ((1, 2), 0)
    np.testing.assert_array_equal(checkpoint.best, best)
    np.testing.assert_array_equal(checkpoint.history.sums, history.sums)
    assert checkpoint.history.seconds == history.seconds
    assert history.sums[2] == 16


@pytest.fixture
def saved(tmp_path, data):
    network, history = make(), History()
    trained_up_to(network, data, 1, 3, history)
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, network, Checkpoint((1, 3), history))
    return path


def test_no_flipped_bit_gives_another_checkpoint(saved):
    content = saved.read_bytes()

    def outcome():
        network = make()
        try:
            checkpoint = load_checkpoint(saved, network)
        except ChainruleError as error:
            refusals.append(str(error))
            return everything(network, History())
        return everything(network, checkpoint.history), checkpoint.start

    refusals = []
    untouched = everything(make(), History())
    expected = outcome()
    for flip in range(0, 8 * len(content), 23):  # odd, so that each bit of a byte has its turn
        damaged = bytearray(content)
        damaged[flip // 8] ^= 1 << flip % 8
        saved.write_bytes(damaged)
        assert outcome() in (untouched, expected)
    assert all(saved.name in refusal for refusal in refusals)
    assert refusals


def test_a_truncated_checkpoint_is_refused_and_changes_nothing(saved):
    content, network = saved.read_bytes(), make()
    before = everything(network, History())
    for length in range(0, len(content), len(content) // 16):
        saved.write_bytes(content[:length])
        with pytest.raises(ChainruleError, match=r"checkpoint\.npz"):
            load_checkpoint(saved, network)
    assert everything(network, History()) == before


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (lambda: make(hidden=7), "layers"),
        (lambda: make("rmsprop"), "optimizer"),
        (lambda: make(dtype=np.float64), "dtype"),
        (lambda: Network([Dense(4, 3)], optimizer=Adam()), "layers"),
    ],
)
def test_a_network_made_otherwise_is_refused(saved, other, word):
    network = other()
    before = network.parameters.copy()
    with pytest.raises(ChainruleError, match=rf"checkpoint\.npz.*made with {word}"):
        load_checkpoint(saved, network)
    np.testing.assert_array_equal(network.parameters, before)


def test_an_optimizer_that_does_not_say_its_state_is_refused(tmp_path):
    class Own:
        def update(self, parameters, gradients):
            return parameters - gradients

    network = Network([Dense(2, 2)], optimizer=Own())
    with pytest.raises(ChainruleError, match="t, rate and state"):
        save_checkpoint(tmp_path / "c.npz", network, Checkpoint((0, 0), History()))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_the_state_of_any_generator_of_numpy_comes_back(tmp_path, kind):
    def with_generator(seed):
        layers = [Dense(4, 5), Dropout(0.5, rng=np.random.Generator(kind(seed))), Dense(5, 3)]
        return Network(layers, optimizer=SGD(), rng=1)

    network = with_generator(3)
    network[1].rng.random(7)
    save_checkpoint(tmp_path / "c.npz", network, Checkpoint((0, 1), History()))
    other = with_generator(4)
    load_checkpoint(tmp_path / "c.npz", other)
    assert other[1].rng.random() == network[1].rng.random()


def test_a_checkpoint_of_version_1_loads_for_ever():
    network = make()
    checkpoint = load_checkpoint(FIXTURES / "checkpoint-1.npz", network)
    expected = json.loads((FIXTURES / "checkpoint-1.json").read_text())
    assert checkpoint.start == tuple(expected["start"])
    assert checkpoint.history["loss"] == expected["loss"]
    assert network.parameters.tolist() == expected["parameters"]
    assert network[2].rng.random() == expected["next draw"]


WRITER = """
import sys
import numpy as np
from chainrule import *
network = Network([Dense(300, 300)], optimizer=Adam(), rng=1)
for i in range(10**9):
    network.parameters[...] = i
    save_checkpoint(sys.argv[1], network, Checkpoint((i, 0), History()))
    print(i, flush=True)
"""


def test_killed_while_it_writes_it_leaves_the_old_or_the_new_one(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "checkpoints" / "run.npz"
    rng = np.random.default_rng(5)
    torn = 0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        said = [0, *map(int, process.communicate()[0].split())][-1]
        torn += len(list(path.parent.glob(".*.part")))
        network = Network([Dense(300, 300)], optimizer=Adam(), rng=1)
        epoch = load_checkpoint(path, network).start[0]
        assert epoch in (said, said + 1)
        assert (network.parameters == epoch).all()
    assert torn, "no kill fell into a write: the test proves nothing"
    Keep(tmp_path).clean()
    assert [entry.name for entry in path.parent.iterdir()] == ["run.npz"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 9}, "its seed is 9"),
        ({"images": "0"}, "its images is 0"),
        ({"batch_size": 32}, "its batch_size is 32"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, data, change, words):
    run = {"seed": 6, "images": "1", "batch_size": 8, "epochs": EPOCHS}
    network, history = make(), History()
    trained_up_to(network, data, 1, 2, history)
    (tmp_path / "checkpoints").mkdir()
    checkpoint = Checkpoint((1, 2), history, run=run | change)
    save_checkpoint(tmp_path / "checkpoints" / "lane.npz", network, checkpoint)
    with pytest.raises(ChainruleError, match=words):
        Keeper("lane", make(), Keep(tmp_path), StopSignals(), run, 7)


@pytest.mark.parametrize("start", [(1, 3), (2, 2), (0, 2), (1, 0), (1, 99)])
def test_a_start_that_does_not_fit_the_history_is_refused(tmp_path, data, start):
    run = {"epochs": EPOCHS}
    network, history = make(), History()
    trained_up_to(network, data, 1, 2, history)
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "checkpoints" / "lane.npz"
    save_checkpoint(path, network, Checkpoint(start, history, run=run))
    with pytest.raises(ChainruleError, match="does not add up"):
        Keeper("lane", make(), Keep(tmp_path), StopSignals(), run, 7)
    save_checkpoint(path, network, Checkpoint((1, 2), history, run=run))
    assert Keeper("lane", make(), Keep(tmp_path), StopSignals(), run, 7).start == (1, 2)
