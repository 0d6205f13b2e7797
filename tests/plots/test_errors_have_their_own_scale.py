import numpy as np
import pytest
from figure_cases import counts

from chainrule import plots


def drawn(figure):
    (picture,) = figure.axes[0].images
    return picture


def test_scale_ends_at_the_largest_error_not_at_the_diagonal():
    matrix = np.array([[900, 7, 0], [3, 950, 1], [0, 2, 980]])
    picture = drawn(plots.confusion(matrix))
    assert (picture.norm.vmin, picture.norm.vmax) == (0, 7)
    assert picture.get_array().mask.tolist() == np.eye(3, dtype=bool).tolist()


def test_an_error_is_seen_beside_a_diagonal_a_thousand_times_larger():
    matrix = np.diag([10_000] * 3)
    matrix[0, 1] = 5
    picture = drawn(plots.confusion(matrix))
    colours = picture.cmap(picture.norm(picture.get_array()))[..., :3]
    assert np.abs(colours[0, 1] - colours[1, 0]).max() > 0.3  # five errors, and none
    red, green, blue = colours[0, 0]
    assert max(red, green, blue) - min(red, green, blue) < 0.05  # the diagonal is grey


def test_rows_are_true_and_columns_predicted():
    figure = plots.confusion([[5, 2], [0, 6]], classes=["cat", "dog"])
    axes = figure.axes[0]
    assert "True" in axes.get_ylabel()
    assert "Predicted" in axes.get_xlabel()
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written[(1, 0)] == "2"  # x is the column: predicted a dog, true a cat
    assert "cat taken for dog, 2 times" in plots.alt_text(figure)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]


@pytest.mark.parametrize("classes", [2, 10, 26])
def test_every_count_is_written(classes):
    matrix = counts(classes)
    texts = plots.confusion(matrix).axes[0].texts
    assert len(texts) == classes**2
    assert sorted(int(text.get_text()) for text in texts) == sorted(matrix.ravel().tolist())


def test_counts_that_would_be_too_small_to_read_are_left_out():
    assert not plots.confusion(counts(47)).axes[0].texts


def test_a_perfect_network_has_no_scale_of_errors():
    figure = plots.confusion(np.diag([3, 4]))
    assert len(figure.axes) == 1
    assert "There is no error." in plots.alt_text(figure)
