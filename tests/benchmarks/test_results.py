"""Medians, the best number of threads, ratios, and accuracies that are too far away."""

import pytest
from benchmarks.results import best, summarise
from benchmarks.tables import document
from benchmarks.targets import TARGETS, Target, check_targets


def records(peer, values, threads=1, case="SGD", row="main", accuracies=None, unit="s"):
    return [
        {
            "row": row,
            "case": case,
            "peer": peer,
            "threads": threads,
            "unit": unit,
            "seed": seed,
            "value": value,
        }
        | ({"accuracy": accuracies[seed]} if accuracies else {})
        for seed, value in enumerate(values)
    ]


def line_of(lines, peer, threads):
    (line,) = [line for line in lines if (line["peer"], line["threads"]) == (peer, threads)]
    return line


def test_ratios_are_to_chainrule_at_its_best_number_of_threads():
    lines = summarise(
        records("chainrule", [4, 9, 5]) + records("chainrule", [3, 4, 2], 2)
        + records("jax", [6, 6, 6]) + records("jax", [9, 9, 9], 2)
    )  # fmt: skip
    assert line_of(lines, "chainrule", 1)["ratio"] == pytest.approx(5 / 3)
    assert line_of(lines, "chainrule", 2)["best"]
    assert best(lines, "main", "SGD", "jax")["threads"] == 1
    assert line_of(lines, "jax", 1)["ratio"] == 2
    assert (line_of(lines, "chainrule", 1)["min"], line_of(lines, "chainrule", 1)["max"]) == (4, 9)


def test_an_accuracy_outside_the_spread_of_seeds_is_flagged():
    lines = summarise(
        records("chainrule", [1, 1, 1], accuracies=[0.96, 0.97, 0.98])
        + records("jax", [1, 1, 1], accuracies=[0.955, 0.955, 0.96])
        + records("keras", [1, 1, 1], accuracies=[0.9, 0.92, 0.98])
        + records("floor", [1, 1, 1])
    )
    assert not line_of(lines, "chainrule", 1)["suspicious"]
    assert not line_of(lines, "jax", 1)["suspicious"]
    assert line_of(lines, "keras", 1)["suspicious"]
    assert "suspicious" not in line_of(lines, "floor", 1)


def test_a_failure_stands_in_the_table_with_its_reason():
    failure = records("keras", [1])[0]
    del failure["value"]
    failure["failed"] = "ImportError: no such thing"
    lines = summarise([*records("chainrule", [2]), failure])
    results = {"environment": {}, "settings": {"repeats": 1}, "lines": lines}
    text = document(results | {"skipped": {"jax": "not installed: jax"}, "targets": []})
    assert "failed: ImportError: no such thing" in text
    assert "| JAX, epoch in one scan | not installed: jax |" in text


def test_targets_take_the_quickest_rival_or_the_one_with_as_many_threads():
    lines = summarise(
        records("chainrule", [3]) + records("chainrule", [2], 2) + records("floor", [1])
        + records("floor", [1.6], 2) + records("pytorch", [5]) + records("pytorch-default", [4], 2)
    )  # fmt: skip
    floor = Target("", 1.5, "main", "SGD", ("floor",), same_threads=True)
    assert floor.value(lines) == pytest.approx(2 / 1.6)
    assert Target("", 1, "main", "SGD", ("pytorch", "pytorch-default")).value(lines) == 0.5
    assert Target("", 1, "main", "SGD").value(lines) == 2
    assert Target("", 1, "main", "SGD", ("jax",)).value(lines) is None


def test_what_was_not_measured_is_neither_met_nor_missed():
    checked = check_targets(summarise(records("chainrule", [1]) + records("jax", [0.9])))
    assert len(checked) == len(TARGETS)
    met = {target["what"]: target["met"] for target in checked}
    assert met["SGD, training: of JAX, first mark"] is False
    assert met["Adam, training: of JAX, first mark"] is None
