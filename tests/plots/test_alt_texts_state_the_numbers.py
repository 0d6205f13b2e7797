import numpy as np
import pytest
from figure_cases import CASES, IMAGES, history, without_validation

from chainrule import plots


@pytest.mark.parametrize("case", CASES)
def test_every_figure_has_a_few_sentences_with_numbers(case):
    words = plots.alt_text(CASES[case]())
    assert words.endswith(".")
    assert 10 < len(words) < 700
    assert "nan" not in words.lower().split()
    assert any(letter.isdigit() for letter in words)


def test_comparison_says_where_each_curve_ends():
    run = {"loss": [0.5, 0.0123], "val_accuracy": [0.9, 0.9712]}
    figure = plots.training_comparison([run, history(0.9, 2)], ["Adam", "SGD"])
    assert "Adam: ends at 97.12%, loss 0.0123" in plots.alt_text(figure)
    assert "over 2 epochs" in plots.alt_text(figure)


def test_what_was_not_validated_ends_where_its_training_ended():
    trained = without_validation()
    words = plots.alt_text(plots.training_comparison([trained], ["network"]))
    assert words.startswith("Training loss and training accuracy over 20 epochs. network: ends at")
    assert f"{trained['accuracy'][-1]:.2%}, loss {trained['loss'][-1]:#.3g}" in words
    words = plots.alt_text(plots.training_comparison([history(0.97), trained], ["Adam", "SGD"]))
    assert words.startswith("Training loss and validation accuracy over 20 epochs. Adam: ends at")
    assert words.endswith(f"SGD: ends at loss {trained['loss'][-1]:#.3g}.")


def test_many_lanes_are_summed_up():
    runs = [history(0.9 + 0.005 * index) for index in range(12)]
    text = plots.alt_text(plots.training_comparison(runs, [f"adam-seed{n}" for n in range(12)]))
    assert "best of 12 runs is adam-seed11" in text
    assert "lowest is adam-seed0" in text
    assert len(text) < 300


def test_confusion_states_accuracy_and_the_worst_error():
    matrix = np.diag([1000, 900, 1100]) + np.array([[0, 0, 0], [25, 0, 3], [0, 0, 0]])
    text = plots.alt_text(plots.confusion(matrix))
    assert "3,000 of 3,028 right (99.08%)" in text
    assert "1 taken for 0, 25 times" in text


def test_bands_state_mean_and_range():
    runs = [{"val_accuracy": [0.5, 0.96]}, {"val_accuracy": [0.5, 0.98]}]
    text = plots.alt_text(plots.curves_with_bands({"Adam": runs}))
    assert "Adam: ends at 97.00% (96.00% to 98.00%), 2 runs" in text


def test_predictions_name_the_errors():
    text = plots.alt_text(plots.predictions(IMAGES[:3], [1, 2, 3], [1, 7, 3]))
    assert "2 of 3 right" in text
    assert "2 taken for 7" in text


def test_a_figure_from_elsewhere_has_none():
    from matplotlib.figure import Figure

    assert plots.alt_text(Figure()) == ""
