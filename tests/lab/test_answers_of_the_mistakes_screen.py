import numpy as np
import pytest

from chainrule.lab import answers
from chainrule.lab.asked import Asked
from chainrule.reading.evaluation import accuracy, confusion_matrix

NAMES = ["adam-seed0", "sgd-seed0"]


def ask(answer, lab, **fields):
    return answer(lab, Asked(fields, fields))


def predicted(lab, name):
    chosen = lab.networks[name]
    return chosen.network.predict(chosen.classifier.inputs(lab.images))


@pytest.mark.parametrize("name", NAMES)
def test_the_matrix_is_that_of_the_evaluation(lab, name):
    answer = ask(answers.confusion, lab, network=name)
    expected = confusion_matrix(lab.labels, predicted(lab, name), 10)
    assert answer["matrix"] == expected.tolist()
    assert answer["count"] == len(lab.labels)
    assert answer["accuracy"] == pytest.approx(accuracy(lab.labels, predicted(lab, name)))


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_holds_as_many_images_as_the_matrix_says(lab, name):
    matrix = ask(answers.confusion, lab, network=name)["matrix"]
    for true, column in np.ndindex(10, 10):
        answer = ask(answers.cell, lab, network=name, true=true, predicted=column)
        assert answer["count"] == matrix[true][column]
        assert len(answer["images"]) == min(60, answer["count"])


def test_the_images_of_a_cell_come_the_surest_first(lab):
    name = "adam-seed0"
    chosen = lab.networks[name]
    probabilities = chosen.network.predict_proba(chosen.classifier.inputs(lab.images))
    matrix = np.array(ask(answers.confusion, lab, network=name)["matrix"])
    np.fill_diagonal(matrix, 0)
    true, column = map(int, np.unravel_index(matrix.argmax(), matrix.shape))
    images = ask(answers.cell, lab, network=name, true=true, predicted=column)["images"]
    confidences = [image["confidence"] for image in images]
    assert confidences == sorted(confidences, reverse=True)
    for image in images:
        index = image["index"]
        assert (image["label"], image["predicted"]) == (true, column)
        assert lab.labels[index] == true
        assert image["pixels"] == lab.images[index].tolist()
        assert image["confidence"] == pytest.approx(probabilities[index].max(), abs=1e-6)


def test_what_is_read_rightly_comes_the_least_sure_first_and_with_a_second_guess(lab):
    images = ask(answers.cell, lab, network="adam-seed0", true=4, predicted=4)["images"]
    confidences = [image["confidence"] for image in images]
    assert confidences == sorted(confidences)
    for image in images:
        probabilities = lab.networks["adam-seed0"].probabilities[image["index"]]
        second = probabilities.copy()
        second[image["predicted"]] = -1
        assert image["second"] == second.argmax()
        assert image["second_confidence"] == second.max()


def test_a_difference_counts_every_image_once(lab):
    answer = ask(answers.difference, lab, a=NAMES[0], b=NAMES[1])
    right = [predicted(lab, name) == lab.labels for name in NAMES]
    assert answer["fixed_count"] == (~right[0] & right[1]).sum()
    assert answer["broken_count"] == (right[0] & ~right[1]).sum()
    assert answer["both_wrong"] == (~right[0] & ~right[1]).sum()
    assert answer["both_right"] == (right[0] & right[1]).sum()
    counts = ("fixed_count", "broken_count", "both_wrong", "both_right")
    assert sum(answer[key] for key in counts) == len(lab.labels)
    for image in answer["fixed"]:
        assert image["predicted_b"] == image["predicted"] == image["label"]
        assert image["predicted_a"] != image["label"]
    for image in answer["broken"]:
        assert image["predicted_a"] == image["label"] != image["predicted_b"]


def test_the_difference_the_other_way_round_swaps_fixed_and_broken(lab):
    one = ask(answers.difference, lab, a=NAMES[0], b=NAMES[1])
    other = ask(answers.difference, lab, a=NAMES[1], b=NAMES[0])
    assert one["fixed_count"] == other["broken_count"]
    assert one["broken_count"] == other["fixed_count"]
