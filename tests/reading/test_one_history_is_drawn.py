"""The course's comparison draws one run as well as two."""

import matplotlib as mpl
import pytest

from chainrule import History, plot_training_comparison, plots
from chainrule.checks import ChainruleError


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Return a function that draws; it returns the words of the legend."""
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    figures = []
    monkeypatch.setattr(plots, "save_figure", lambda figure, path: figures.append(figure))

    def drawn(*histories, **settings):
        plot_training_comparison(*histories, **settings)
        (legend,) = figures.pop().legends
        return [text.get_text() for text in legend.get_texts()]

    return drawn


def history(accuracy):
    made = History()
    made.append(0.5, 0.8, 0.4, accuracy, 0.1, 1.0, 1.0)
    return made


def test_one_history_is_that_of_the_network(drawn):
    assert drawn(history(0.9)) == ["network: ends at 90.00%"]


def test_one_history_takes_the_label_that_is_given(drawn):
    assert drawn(history(0.9), labels=["momentum"]) == ["momentum: ends at 90.00%"]
    assert drawn(history(0.9), labels=("SGD",)) == ["SGD: ends at 90.00%"]


def test_two_are_adam_and_sgd_as_in_the_course(drawn):
    assert drawn(history(0.9), history(0.7)) == ["Adam: ends at 90.00%", "SGD: ends at 70.00%"]


def test_more_need_a_label_each(drawn):
    three = [history(0.9), history(0.8), history(0.7)]
    with pytest.raises(ChainruleError, match="labels must name each of the 3 histories"):
        drawn(*three)
    with pytest.raises(ChainruleError, match="labels must name each of the 1 histories"):
        drawn(three[0], labels=["a", "b"])
    assert [words[0] for words in drawn(*three, labels=["a", "b", "c"])] == ["a", "b", "c"]
