"""The names of classes are told apart in figures, however long and in whatever letters."""

import numpy as np
import pytest
from figure_cases import FOLDERS, IMAGES, LABELS, PREDICTED, PROBABILITIES, counts
from matplotlib.text import Text

from chainrule import plots
from chainrule.plots import fonts
from chainrule.plots.fonts import LEFT_OUT, class_labels, fitted


def words_of(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def test_a_name_that_fits_stays_as_it_is():
    assert fitted("cat", 100, 10, 7) == ("cat", 10)


def test_letters_get_smaller_before_any_is_left_out():
    words, size = fitted("a class of cats", 65, 10, 7)
    assert words == "a class of cats"
    assert 7 <= size < 10


def test_the_ends_are_kept_for_there_names_differ():
    words, size = fitted("category number 14", 60, 10, 7, "true ")
    assert size == 7
    assert words.startswith("true cat")
    assert LEFT_OUT in words
    assert words.endswith("14")


def test_names_without_a_drawn_letter_have_their_number(monkeypatch):
    monkeypatch.setattr(fonts, "_fonts_with", lambda letters: ((), letters))
    assert class_labels(["猫", "cat", "犬", 7]) == [f"0: {LEFT_OUT}", "cat", f"2: {LEFT_OUT}", "7"]


def test_all_names_of_a_matrix_are_different():
    names = words_of(plots.confusion(counts(), classes=FOLDERS))
    assert {name[-1] for name in names if name.startswith("a ")} == set("01234567")


@pytest.mark.parametrize("short", [True, False])
def test_mistakes_of_long_names_have_a_line_for_each(short):
    classes = [f"{i}" if short else f"number {i}" for i in range(10)]
    figure = plots.mistakes(IMAGES, LABELS, PREDICTED, PROBABILITIES, classes=classes)
    wrong = np.flatnonzero(LABELS != PREDICTED)[0]
    true, answer = classes[LABELS[wrong]], classes[PREDICTED[wrong]]
    alone = {f"{true} taken for {answer}"} if short else {true, f"taken for {answer}"}
    assert alone <= words_of(figure)
