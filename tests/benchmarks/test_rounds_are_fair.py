"""Every job runs once a round, each round begins with another peer, failures are told once."""

from benchmarks.jobs import Job
from benchmarks.processes import Failed
from benchmarks.rounds import measure_rounds, rotated

JOBS = [
    Job("main", case, peer, 1, "train", "s", dict.fromkeys(("images", "epochs"), 1))
    for case in ("Adam", "SGD")
    for peer in ("chainrule", "pytorch", "jax")
]


def measured(jobs, repeats, measure, monkeypatch):
    monkeypatch.setattr(Job, "work", {})
    return list(measure_rounds(jobs, repeats, 1, lambda line: None, measure))


def test_rotation_keeps_the_circle():
    assert rotated([1, 2, 3], 4) == [2, 3, 1]


def test_each_round_begins_with_another_peer_and_takes_its_number_as_seed(monkeypatch):
    records = measured(JOBS, 3, lambda job, seed, timeout: {"value": seed}, monkeypatch)
    assert len(records) == 3 * len(JOBS)
    assert [record["peer"] for record in records[::3]] == [
        *["chainrule"] * 2,
        *["pytorch"] * 2,
        *["jax"] * 2,
    ]
    assert all(record["value"] == record["seed"] for record in records)
    assert {record["case"] for record in records[:3]} == {"Adam"}


def test_a_job_that_fails_is_named_once_and_not_tried_again(monkeypatch):
    def measure(job, seed, timeout):
        if job.peer == "jax":
            raise Failed("no such luck")
        return {"value": 1.0}

    records = measured(JOBS, 2, measure, monkeypatch)
    failed = [record for record in records if "failed" in record]
    assert [(record["case"], record["failed"]) for record in failed] == [
        ("Adam", "no such luck"),
        ("SGD", "no such luck"),
    ]
    assert sum("value" in record for record in records) == 8
