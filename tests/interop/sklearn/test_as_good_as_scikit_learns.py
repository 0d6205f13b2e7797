"""On five small datasets no score lies wholly below scikit-learn's, by the table's own command."""

import numpy as np
import pytest
from benchmarks.bare import bare_step
from benchmarks.estimators import DATASETS, fit_pair, interval, kind_for, main, split

from chainrule import Adam, train_network
from chainrule.interop import sklearn as chainrule_estimators
from chainrule.training import epoch_batches

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.long
@pytest.mark.parametrize("name", DATASETS)
def test_the_paired_difference_is_not_wholly_below_zero(name):
    pairs = np.array([fit_pair(name, seed) for seed in range(10)])  # (seeds, houses, figures)
    middle, half_width = interval(pairs[:, 1, 0] - pairs[:, 0, 0])
    assert middle + half_width >= 0


def test_the_interval_is_students():
    middle, half_width = interval(np.array([1.0, 2.0, 3.0]))
    assert middle == 2
    assert half_width == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)  # t of 2 degrees, 97.5 %


def test_the_command_prints_a_table(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["estimators", "--seeds", "2", "--datasets", "iris"])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.count("|") for line in lines] == [9, 9, 9]
    assert lines[2].startswith("| iris | accuracy | 0.")


def test_the_profile_prints_a_table(monkeypatch, capsys):
    words = ["--seeds", "1", "--datasets", "iris", "diabetes", "--profile"]
    monkeypatch.setattr("sys.argv", ["estimators", *words])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.count("|") for line in lines] == [10, 10, 10, 10]


@pytest.mark.parametrize("name", ["iris", "breast_cancer", "diabetes"])
def test_the_bare_calls_do_the_steps_of_the_network(name):
    X, _, y, _ = split(name, 0, "float64")
    kind = getattr(chainrule_estimators, kind_for(name))
    estimator = kind(random_state=0, max_iter=1).fit(X, y)
    targets = estimator._encode(y)
    step, theta = bare_step(estimator, X, targets)
    network = estimator._network.copy()
    network.optimizer = Adam()

    def decaying(batches):
        for batch in batches:
            network.optimizer.weight_decay = estimator.alpha / len(batch)
            yield batch

    train_network(network, X, targets, None, None, 3, 200, on_epoch=None, progress=decaying)
    t = 0
    for epoch in range(3):
        for batch in epoch_batches(len(X), 200, 0, epoch):
            t += 1
            step(batch, t)
    np.testing.assert_allclose(theta, network.parameters, rtol=1e-9, atol=1e-12)
