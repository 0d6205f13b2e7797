import re

import pytest
from hand_made import metrics_of, run_of

from chainrule.experiments.words import result_of

CLEAR = [run_of("adam", s, t, val=0.95) for s, t in enumerate((0.9712, 0.9734, 0.9751))]
CLEAR += [run_of("sgd", s, t) for s, t in enumerate((0.9603, 0.9645, 0.9632))]
UNCLEAR = [run_of("adam", s, t, val=0.95) for s, t in enumerate((0.9712, 0.9634, 0.9651))]
UNCLEAR += [run_of("sgd", s, t) for s, t in enumerate((0.9703, 0.9645, 0.9612))]


def sentence(runs, **of_data):
    return str(result_of(metrics_of(runs, **of_data)))


def test_a_clear_difference_names_the_better_one_with_its_numbers():
    # differences 0.0109, 0.0089, 0.0119: mean 0.010567, s 0.001528, half 4.3027 * s / sqrt 3
    assert sentence(CLEAR) == (
        "On MNIST, at the rate given to each, Adam is better than SGD: over 3 seeds the test "
        "accuracy of Adam is on average 1.06 points above that of SGD (95% t-interval of the "
        "difference: +0.68 to +1.44 points)."
    )


def test_the_better_one_on_test_is_named_even_if_validation_preferred_the_other():
    runs = [{**run, "val_accuracy": 0.99 if run["optimizer"] == "sgd" else 0.9} for run in CLEAR]
    words = sentence(runs)
    assert "Adam is better than SGD:" in words
    assert (
        "1.06 points below that of Adam (95% t-interval of the difference: \u22121.44 to" in words
    )


def test_an_interval_that_holds_zero_names_none():
    words = sentence(UNCLEAR)
    assert "these runs do not tell whether Adam or SGD is better:" in words
    assert "includes zero" in words
    assert "is better than" not in words


def test_one_seed_tells_nothing_of_others():
    words = sentence([run_of("adam", 3, 0.9712, val=0.95), run_of("sgd", 3, 0.5)])
    assert "one seed does not tell whether Adam or SGD is better" in words
    assert "with seed 3 the test accuracy is 97.12% for Adam and 50.00% for SGD" in words
    assert "better than" not in words


def test_one_optimizer_has_nothing_to_be_better_than():
    words = sentence([run_of("adam", 0, 0.9712)])
    assert words.startswith("On MNIST, Adam reached 97.12% test accuracy:")
    assert "one run" in words
    assert "better" not in words


def test_several_seeds_of_one_optimizer_give_mean_and_range():
    words = sentence(CLEAR[:3])
    assert "97.32% test accuracy: the mean of 3 seeds" in words
    assert "between 97.12% and 97.51%" in words


def test_runs_that_diverged_are_said_not_to_count():
    words = sentence([*CLEAR, run_of("sgd", 9, None, diverged=True)])
    assert "is better than SGD" in words
    assert words.endswith("; 1 of 4 runs of SGD diverged and is not counted.")


def test_an_optimizer_that_only_diverged_is_named():
    words = sentence([run_of("adam", 0, 0.9712), run_of("sgd", 0, None, diverged=True)])
    assert words.endswith("; every run of SGD diverged.")
    assert "better" not in words


def test_where_everything_diverged_there_is_no_winner():
    words = sentence([run_of(name, 0, None, diverged=True) for name in ("adam", "sgd")])
    assert words.startswith("On MNIST, every run diverged:")


def test_seeds_that_do_not_pair_tell_nothing():
    words = sentence([run_of("adam", 0, 0.99), run_of("sgd", 1, 0.5)])
    assert "do not tell" in words
    assert "fewer than two seeds" in words


def test_equal_differences_give_no_claim():
    runs = [run_of("adam", s, 0.97, val=0.95) for s in range(3)]
    words = sentence([*runs, *(run_of("sgd", s, 0.96) for s in range(3))])
    assert "do not tell" in words
    assert "1.00 points above" in words


def test_three_optimizers_are_told_apart_one_by_one():
    words = sentence([*CLEAR, *({**run, "optimizer": "momentum"} for run in UNCLEAR[:3])])
    assert "Adam is better than SGD and these runs do not tell Adam from momentum:" in words
    assert "+1.06 points against SGD" in words
    assert "hold together with 95%" in words


@pytest.mark.parametrize("runs", [CLEAR, UNCLEAR, CLEAR[:1], CLEAR[:3]])
def test_the_sample_is_never_called_mnist(runs):
    words = sentence(runs, source="sample")
    assert words.startswith("On the embedded sample of MNIST images, ")
    assert not re.search("MNIST(?! images)", words)


def test_only_the_four_checksums_make_it_mnist():
    assert sentence(CLEAR, mnist=False).startswith("On a dataset other than MNIST, ")
    assert sentence(CLEAR, mnist=False, data="here/MNIST").startswith("On “MNIST”, ")
    assert sentence(CLEAR, mnist=False, data="some/stripes").startswith("On “stripes”, ")


def test_a_tiny_difference_is_not_rounded_to_nothing():
    runs = [run_of("adam", s, 0.5 + 1e-5 + s * 1e-7, val=0.95) for s in range(3)]
    words = sentence([*runs, *(run_of("sgd", s, 0.5) for s in range(3))])
    assert "0.001 points above" in words
    assert "0.00 " not in words
