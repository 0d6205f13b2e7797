import numpy as np
import pytest
from figure_cases import IMAGES, LABELS, PREDICTED, PROBABILITIES, WEIGHTS

from chainrule import plots


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_black_and_white_are_the_extremes_of_all_images():
    images = np.stack([np.full((4, 4), level) for level in (-0.4, 0.0, 2.8)])
    figures = [
        plots.samples(images, [0, 1, 2]),
        plots.predictions(images, [0, 1, 2], [0, 1, 2]),
        plots.mistakes(images, [0, 1, 2], [1, 2, 0], [0.5, 0.5, 0.5]),
    ]
    for figure in figures:
        pictures = figure.axes[0].images
        assert [(one.norm.vmin, one.norm.vmax) for one in pictures] == [(-0.4, 2.8)] * 3


def test_samples_take_the_extremes_of_the_images_that_are_not_drawn_too():
    images = np.stack([np.full((4, 4), level) for level in np.linspace(0, 255, 50)])
    (picture,) = plots.samples(images, np.arange(50), num_samples=1).axes[0].images
    assert (picture.norm.vmin, picture.norm.vmax) == (0, 255)


def test_predictions_take_black_and_white_of_the_whole_set():
    figure = plots.predictions(IMAGES[:2], LABELS[:2], LABELS[:2], black_and_white=(-1, 3))
    assert {(one.norm.vmin, one.norm.vmax) for one in figure.axes[0].images} == {(-1, 3)}


def test_flat_images_are_the_same_picture():
    flat = plots.samples(IMAGES.reshape(len(IMAGES), -1), LABELS)
    cubes = plots.samples(IMAGES, LABELS)
    for one, other in zip(flat.axes[0].images, cubes.axes[0].images, strict=True):
        np.testing.assert_array_equal(one.get_array(), other.get_array())


def test_samples_stand_over_their_own_labels():
    figure = plots.samples(IMAGES, LABELS, rng=3, num_samples=12)
    for picture, label in zip(figure.axes[0].images, words(figure), strict=True):
        (source,) = np.flatnonzero((picture.get_array() == IMAGES).all(axis=(1, 2)))
        assert label == str(LABELS[source])


def test_samples_depend_on_rng_alone():
    def labels(rng):
        return words(plots.samples(IMAGES, LABELS, rng=rng))

    assert labels(1) == labels(1) == labels(np.random.default_rng(1))
    assert labels(1) != labels(2)


def test_a_wrong_answer_differs_by_sign_weight_and_frame():
    figure = plots.predictions(IMAGES[:2], [4, 4], [4, 9], [0.5, 0.7625])
    right, wrong = figure.axes[0].patches
    assert right.get_linestyle() == "solid"
    assert wrong.get_linestyle() != "solid"
    assert wrong.get_linewidth() > right.get_linewidth()
    assert words(figure) == [
        "true 4", "✓ predicted 4", "50.0% sure",
        "true 4", "✗ predicted 9", "76.2% sure",
    ]  # fmt: skip
    assert [text.get_fontweight() for text in figure.axes[0].texts][4] == "bold"


def test_mistakes_come_surest_first_and_right_answers_never():
    sure = np.linspace(0.5, 0.9, len(IMAGES))
    figure = plots.mistakes(IMAGES, LABELS, PREDICTED, sure, num_mistakes=3)
    wrong = np.flatnonzero(LABELS != PREDICTED)[::-1][:3]
    for picture, source in zip(figure.axes[0].images, wrong, strict=True):
        np.testing.assert_array_equal(picture.get_array(), IMAGES[source])
    assert words(figure)[::2] == [f"{LABELS[one]} taken for {PREDICTED[one]}" for one in wrong]


def test_probabilities_are_those_of_the_predicted_class():
    table = plots.mistakes(IMAGES, LABELS, PREDICTED, PROBABILITIES)
    column = PROBABILITIES[np.arange(len(IMAGES)), PREDICTED]
    assert words(table) == words(plots.mistakes(IMAGES, LABELS, PREDICTED, column))


def test_rounding_does_not_make_a_network_certain():
    figure = plots.mistakes(IMAGES[:1], [1], [2], [0.99996])
    assert words(figure)[1] == "> 99.9% sure"


def test_no_mistake_is_said():
    figure = plots.mistakes(IMAGES, LABELS, LABELS, PROBABILITIES[:, 0])
    assert plots.alt_text(figure) == "No mistake in 30 images."


def test_weights_share_one_map_symmetric_about_zero():
    weights = WEIGHTS.copy()
    weights[:, 5] *= 3
    figure = plots.first_layer(weights, (28, 28))
    pictures = figure.axes[0].images
    (limit,) = {one.norm.vmax for one in pictures}
    assert {one.norm.vmin for one in pictures} == {-limit}
    assert len(pictures) == 64
    assert np.mean(np.abs(weights[:, :64]) > limit) < 0.002
    np.testing.assert_array_equal(pictures[5].get_array(), weights[:, 5].reshape(28, 28))


def test_zero_weight_is_the_middle_of_the_map():
    figure = plots.first_layer(WEIGHTS, (28, 28))
    picture = figure.axes[0].images[0]
    red, green, blue, _ = picture.cmap(picture.norm(0.0))
    assert min(red, green, blue) > 0.95


def test_weights_that_are_all_zero_are_drawn():
    assert plots.first_layer(np.zeros((4, 2)), (2, 2)).axes[0].images[0].norm.vmax > 0


@pytest.mark.parametrize("shape", [(14, 28), (28, 14)])
def test_pictures_keep_their_proportions(shape):
    images = np.arange(2 * 28 * 14.0).reshape(2, *shape)
    for picture in plots.samples(images, [0, 1]).axes[0].images:
        left, right, bottom, top = picture.get_extent()
        assert (bottom - top) / (right - left) == pytest.approx(shape[0] / shape[1])
