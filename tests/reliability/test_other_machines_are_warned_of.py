"""What the bits depend on and has changed is named when a run goes on."""

import json

from programmes import ended

from chainrule.experiments.record import read_record


def test_numpy_blas_and_threads_are_named(start, tmp_path):
    few = ["--hidden", 8, "--epochs", 2, "--quiet"]
    assert ended(start("train", *few, "--out", "run"))[0] == 0
    path = tmp_path / "run" / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["environment"] |= {"numpy": "1.0", "blas": "another"}
    path.write_text(json.dumps(metrics))
    status, errors = ended(start("resume", "run", "--threads", 2))
    assert status == 0
    for words in ("numpy 1.0, now", "blas another, now", "threads 1, now 2"):
        assert f"not the same bits: {words}" in errors
    changed = [line["what"] for line in read_record(tmp_path / "run") if line["event"] == "changed"]
    assert changed == ["numpy", "blas", "threads"]


def test_options_of_the_other_kind_of_run_are_refused(start, tmp_path):
    assert ended(start("train", "--hidden", 8, "--epochs", 1, "--out", "t", "--quiet"))[0] == 0
    few = ["--hidden", 8, "--epochs", 1, "--jobs", 1, "--quiet"]
    assert ended(start("compare", *few, "--out", "c"))[0] == 0
    for arguments, words in (
        (("t", "--jobs", 2), "--jobs is for a comparison"),
        (("c", "--threads", 2), "this is a comparison"),
        (("c", "--json"), "this is a comparison"),
        ((".",), "not a run folder"),
    ):
        status, errors = ended(start("resume", *arguments))
        assert status == 2
        assert words in errors
        assert errors.count("\n") == 1
    status, errors = ended(start("compare", "--resume", "t"))
    assert (status, errors.count("\n")) == (2, 1)
    assert "written by 'chainrule train'" in errors
