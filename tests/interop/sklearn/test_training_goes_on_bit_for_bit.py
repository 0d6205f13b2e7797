"""What is trained in parts equals what is trained at once, and both are `train_network`'s."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_classification

import chainrule
from chainrule import Adam, Dense, Network, ReLU, train_network
from chainrule.interop.sklearn import MLPClassifier, MLPRegressor
from chainrule.layers import glorot_uniform

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = [
    {},
    {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.1},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 10, "n_iter_no_change": 1},
    {"dropout": 0.3, "hidden_layer_sizes": (20, 10)},
    {"shuffle": False},
    {"dtype": "float32"},
]
ALWAYS = {"n_iter_no_change": 100, "max_iter": 6, "batch_size": 40, "random_state": 3}


def two_thirds(kind):
    load = load_iris if kind is MLPClassifier else load_diabetes
    X, y = load(return_X_y=True)
    return X[::2], y[::2] / max(y) if kind is MLPRegressor else y[::2]


def assert_same_bits(one, other):
    for mine, yours in zip(one.network_, other.network_, strict=True):
        for name, values in mine.parameters.items():
            assert values.tobytes() == yours.parameters[name].tobytes()
    assert one.loss_curve_ == other.loss_curve_
    assert one.t_ == other.t_


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_n_times_partial_fit_is_fit_of_n_epochs(kind, settings, weighted):
    X, y = two_thirds(kind)
    weights = {"sample_weight": np.arange(len(X)) % 4} if weighted else {}
    at_once = kind(**ALWAYS | settings).fit(X, y, **weights)
    in_parts = kind(**ALWAYS | settings)
    for _ in range(6):
        classes = {"classes": np.unique(y)} if kind is MLPClassifier else {}
        in_parts.partial_fit(X, y, **weights, **classes)
    assert len(at_once.loss_curve_) == 6
    assert_same_bits(at_once, in_parts)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_warm_start_keeps_the_optimizers_state(kind, settings):
    """But not how good it was: an adaptive rate starts again, so here it is not cut."""
    X, y = two_thirds(kind)
    settings = settings | {"n_iter_no_change": 100}
    at_once = kind(**ALWAYS | settings).fit(X, y)
    warm = kind(**ALWAYS | settings | {"warm_start": True, "max_iter": 2}).fit(X, y)
    warm.set_params(max_iter=4).fit(X, y)
    assert warm.n_iter_ == 4
    assert_same_bits(at_once, warm)


def test_without_warm_start_fit_begins_anew():
    X, y = two_thirds(MLPClassifier)
    classifier = MLPClassifier(**ALWAYS).fit(X, y)
    first = [coef.copy() for coef in classifier.coefs_]
    classifier.fit(X, y)
    for one, other in zip(first, classifier.coefs_, strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_network_by_hand_gives_the_same_bits():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    X, y = X[:1600], y[:1600]  # whole batches
    classifier = MLPClassifier(max_iter=4, random_state=7, alpha=0.5).fit(X, y)
    network = Network(
        [Dense(64, 100, glorot_uniform), ReLU(), Dense(100, 10, glorot_uniform)],
        optimizer=Adam(learning_rate=0.001, weight_decay=0.5 / 200),
        rng=7,
        dtype=np.float64,
    )
    history = train_network(
        network, X, y, None, None, num_epochs=4, batch_size=200, seed=7, on_epoch=None
    )
    assert classifier.network_.parameters.tobytes() == network.parameters.tobytes()
    assert classifier.history_["loss"] == history["loss"] == classifier.loss_curve_


def test_there_is_one_loop(monkeypatch):
    calls = []

    def counted(*arguments, **options):
        calls.append(options["start"])
        return train_network(*arguments, **options)

    monkeypatch.setattr("chainrule.interop.sklearn.base.train_network", counted)
    X, y = load_iris(return_X_y=True)
    MLPClassifier(max_iter=2).fit(X, y).partial_fit(X, y)
    assert calls == [(0, 0), (2, 0)]


def test_early_stopping_restores_the_best_weights():
    X, y = load_iris(return_X_y=True)
    X_val, y_val = X[1::3], y[1::3]
    seen = []

    class Watched(MLPClassifier):
        def _count_epoch(self, count, held_out):
            super()._count_epoch(count, held_out)
            seen.append(self._network.parameters.copy())

    classifier = Watched(early_stopping=True, max_iter=60, random_state=0, learning_rate_init=0.1)
    classifier.fit(X[::3], y[::3], X_val=X_val, y_val=y_val)
    best = int(np.argmax(classifier.validation_scores_))
    assert best < len(seen) - 1
    assert classifier._network.parameters.tobytes() == seen[best].tobytes()
    assert classifier.score(X_val, y_val) == classifier.best_validation_score_
    assert classifier.best_validation_score_ == max(classifier.validation_scores_)
    assert classifier.best_loss_ is None


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # of its last norms
def test_a_network_that_diverges_after_good_epochs_keeps_the_best():
    X, y = load_iris(return_X_y=True)
    settings = {"hidden_layer_sizes": 100, "activation": "identity", "solver": "sgd"}
    settings |= {"learning_rate_init": 1, "early_stopping": True, "random_state": 0}
    regressor = MLPRegressor(**settings)
    with pytest.warns(UserWarning, match=r"stopped being finite .* best weights .* restored"):
        regressor.fit(X, y)
    assert np.isfinite(regressor.predict(X)).all()
    assert np.isnan(regressor.validation_scores_[-1])
    assert np.isnan(regressor.loss_curve_[-1])
    assert len(regressor.validation_scores_) == len(regressor.loss_curve_) == regressor.n_iter_
    assert np.isfinite(regressor.best_validation_score_)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        regressor.set_params(early_stopping=False).fit(X, y)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("learning_rate", ["constant", "adaptive"])
def test_a_second_fit_on_other_data_trains_for_as_long_as_it_has_to(early_stopping, learning_rate):
    """And keeps what it learned, though the first fit's weights had a better score on its data."""
    X, y = make_classification(400, 6, n_informative=4, class_sep=2, random_state=0)
    settings = {"solver": "sgd", "learning_rate_init": 0.1, "max_iter": 500, "warm_start": True}
    settings |= {"tol": 1e-3, "learning_rate": learning_rate, "early_stopping": early_stopping}
    classifier = MLPClassifier(**settings, random_state=0).fit(X, y)
    assert classifier.n_iter_ < 500
    assert classifier.score(X, y) > 0.9
    classifier.fit(X, 1 - y)  # all that was learned has to be unlearned
    assert classifier.n_iter_ > 10
    assert classifier.score(X, 1 - y) > 0.9


def test_an_interrupt_keeps_the_work_and_training_goes_on(monkeypatch):
    X, y = load_iris(return_X_y=True)
    count = MLPClassifier._count_epoch

    def interrupted(self, *arguments):
        count(self, *arguments)
        if self.t_ == 3 * len(X):
            raise KeyboardInterrupt

    monkeypatch.setattr(MLPClassifier, "_count_epoch", interrupted)
    classifier = MLPClassifier(random_state=0, max_iter=10, warm_start=True)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        classifier.fit(X, y)
    assert classifier.n_iter_ == 3
    monkeypatch.undo()
    classifier.set_params(max_iter=2).fit(X, y)
    assert_same_bits(classifier, MLPClassifier(random_state=0, max_iter=5).fit(X, y))


def test_after_a_divergence_the_curve_goes_on_with_whole_epochs():
    X, y = load_iris(return_X_y=True)
    settings = {"solver": "sgd", "momentum": 0, "batch_size": 10, "random_state": 0}
    settings |= {"max_iter": 2, "warm_start": True}
    regressor = MLPRegressor(**settings, learning_rate_init=1e-3).fit(X, y)
    before = [array.copy() for array in (*regressor.coefs_, *regressor.intercepts_)]
    with pytest.raises(ValueError, match="non-finite"):
        regressor.set_params(learning_rate_init=1e9).fit(X, y)
    regressor.coefs_, regressor.intercepts_ = before[:2], before[2:]
    regressor.set_params(learning_rate_init=1e-30, max_iter=1).fit(X, y)  # it stands still
    expected = np.mean((regressor.predict(X) - y) ** 2) / 2
    assert regressor.loss_ == pytest.approx(expected)


@pytest.mark.parametrize("alpha", [0.5, np.float64(0.5)])
def test_the_type_of_alpha_changes_no_bit(alpha):
    X, y = load_iris(return_X_y=True)
    settings = {"dtype": "float32", "max_iter": 3, "random_state": 0}
    one = MLPClassifier(**settings, alpha=0.5).fit(X, y)
    assert_same_bits(one, MLPClassifier(**settings, alpha=alpha).fit(X, y))


def test_other_layers_than_before_are_refused():
    X, y = load_iris(return_X_y=True)
    classifier = MLPClassifier(max_iter=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="go on with the network as it is"):
        classifier.set_params(hidden_layer_sizes=(3,)).fit(X, y)


def test_the_core_trains_with_weights_and_without_validation():
    """A weight of 2 is the same as the example twice, where all examples are one batch."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 3)), rng.integers(3, size=12)
    weights = rng.integers(1, 4, size=12)
    ends = []
    for rows, weight in ((slice(None), weights), (np.repeat(np.arange(12), weights), None)):
        network = Network([Dense(3, 5), ReLU(), Dense(5, 3)], optimizer=Adam(), dtype=np.float64)
        history = train_network(
            network, X[rows], y[rows], None, None, 5, 100, sample_weight=weight, on_epoch=None
        )
        ends.append(network.parameters)
    np.testing.assert_allclose(*ends, rtol=1e-9)
    assert np.isnan(history["val_loss"]).all()
    assert np.isnan(history["val_accuracy"]).all()


def test_the_core_refuses_weights_that_leave_a_batch_without_a_mean():
    network = Network([Dense(3, 3)], optimizer=Adam())
    with pytest.raises(chainrule.checks.ChainruleError, match="zero for 2 examples"):
        train_network(
            network, np.ones((4, 3)), [0, 1, 2, 0], None, None, sample_weight=[1, 0, 0, 1]
        )
