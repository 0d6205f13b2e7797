"""Time to quality: an epoch at a time, validation in it, from the start of the process."""

import json
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.jobs import Job
from benchmarks.peers import peer_class
from benchmarks.processes import Failed
from test_peers_do_the_same_work import outputs, work

from benchmarks import pair, quality, rounds


@pytest.mark.parametrize("name", ["chainrule", "scikit-learn"])
def test_an_epoch_at_a_time_goes_on_where_the_last_one_ended(name):
    whole, apart = (peer_class(name)(work("adam")) for _ in range(2))
    whole.train()
    for epoch in range(3):
        assert apart.train(range(epoch, epoch + 1)) > 0
    if name == "chainrule":
        came, expected = (outputs(peer, work("adam").X_train) for peer in (apart, whole))
        np.testing.assert_array_equal(came, expected)
    else:  # which draws its own order
        pairs = zip(apart.model.coefs_, whole.model.coefs_, strict=True)
        assert all(np.abs(one - other).max() < 0.1 for one, other in pairs)
        assert apart.model.t_ == whole.model.t_


def test_each_mark_counts_from_the_start_and_the_last_one_ends_it(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((120, 12)).astype(np.float32), rng.integers(0, 3, 120)
    monkeypatch.setattr(pair, "read_images", lambda *_, **__: (X, y, X, y))
    options = Namespace(
        peer="chainrule", data=tmp_path, started=time.monotonic() - 100, seed=0, threads=1,
        epochs=3, train_size=None,
    )  # fmt: skip
    monkeypatch.setattr(quality, "MARKS", (0.0, 2.0))
    reached, accuracies = quality.train(options)
    assert list(reached) == ["0.0%"]
    assert 100 < reached["0.0%"] < 200
    assert len(accuracies) == 3
    monkeypatch.setattr(quality, "MARKS", (0.0, 0.001))
    assert len(quality.train(options)[1]) == 1


@pytest.mark.parametrize("reached", [{"97.0%": 3.5}, {"97.0%": 3.5, "97.5%": 7.0}, {}])
def test_the_first_mark_is_the_value_and_a_peer_without_it_has_failed(reached, monkeypatch):
    def run_command(command, threads, timeout, watch_memory):
        facts = {"seconds_to": reached, "val_accuracies": [0.9, 0.95]}
        Path(command[0]).mkdir()
        Path(command[0], "metrics.json").write_text(json.dumps(facts))
        assert float(command[1]) <= time.monotonic()
        return {"seconds": 9.0, "peaks": []}

    monkeypatch.setattr(rounds, "run_command", run_command)
    job = Job("quality", "Adam", "jax", 1, "command", "s", {"command": ["OUT", "STARTED"]})
    if not reached:
        with pytest.raises(Failed, match=r"95\.00% of the validation images at most"):
            rounds.measure_job(job, 0, 60)
        return
    result = rounds.measure_job(job, 0, 60)
    assert (result["value"], result["later_seconds"]) == (3.5, reached.get("97.5%"))
