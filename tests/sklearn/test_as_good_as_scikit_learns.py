"""On five small datasets no score lies wholly below scikit-learn's, by the table's own command."""

import numpy as np
import pytest
from benchmarks.estimators import DATASETS, fit_pair, interval, main

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
