"""The peers that need nothing but NumPy and scikit-learn end where Chainrule ends."""

import numpy as np
import pytest
from benchmarks.peers import PEERS, peer_class
from benchmarks.work import Work


def work(optimizer, batch_size=8):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 12)).astype(np.float32), rng.integers(0, 4, 50)
    return Work(
        X,
        y,
        X,
        y,
        sizes=[12, 9, 6, 4],
        optimizer=optimizer,
        learning_rate=0.01,
        batch_size=batch_size,
        epochs=3,
        seed=1,
        threads=1,
    )


def outputs(peer, X):
    """Return the logits of a peer that has been trained."""
    return peer.network.forward(X) if hasattr(peer, "network") else peer._forward(X)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_course_s_formulas_take_the_same_steps(optimizer):
    peers = [peer_class(name)(work(optimizer)) for name in ("chainrule", "course")]
    for peer in peers:
        peer.prepare()
        assert peer.train() > 0
    ours, course = (outputs(peer, work(optimizer).X_train) for peer in peers)
    np.testing.assert_allclose(ours, course, atol=1e-4)


@pytest.mark.parametrize("name", ["chainrule", "course"])
def test_preparing_leaves_no_trace(name):
    peers = [peer_class(name)(work("adam")) for _ in range(2)]
    peers[0].prepare()
    for peer in peers:
        peer.train()
    first, second = (outputs(peer, work("adam").X_train) for peer in peers)
    np.testing.assert_array_equal(first, second)


def test_scikit_learn_starts_from_the_same_weights():
    pytest.importorskip("sklearn")
    peer = peer_class("scikit-learn")(work("sgd"))
    peer.model.set_params(learning_rate_init=1e-30)
    peer.train()
    ours = peer_class("chainrule")(work("sgd"))
    np.testing.assert_array_equal(peer.model.coefs_[0], ours.network[0].weights)
    np.testing.assert_array_equal(peer.predict(peer.work.X_test), ours.predict(peer.work.X_test))


def test_the_floor_has_three_products_a_layer_and_two_in_the_first():
    floor = peer_class("floor")(work("sgd"))
    assert len(floor.full) == 3 * 3 - 1
    assert [len(a) for a, _, _ in floor.rest[:3]] == [2, 2, 2]  # 50 = 6 * 8 + 2
    multiplications = sum(a.shape[0] * a.shape[1] * b.shape[1] for a, b, _ in floor.full)
    assert multiplications == 8 * (2 * 12 * 9 + 3 * (9 * 6 + 6 * 4))


def test_every_description_names_a_file():
    for description in PEERS.values():
        assert description.trains or description.predicts
