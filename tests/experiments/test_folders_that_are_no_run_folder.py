import copy

import pytest
from hand_made import metrics_of, run_of, save_metrics

from chainrule import ChainruleError, create_network
from chainrule.experiments.metrics import checked_metrics
from chainrule.experiments.report import write_report
from chainrule.storage import files
from chainrule.storage.models import Model, save_model

METRICS = metrics_of([run_of("adam", 0, 0.97), run_of("sgd", 0, None, diverged=True)])


def refused(folder, *words):
    before = sorted(folder.rglob("*")) if folder.is_dir() else []
    with pytest.raises(ChainruleError) as error:
        write_report(folder)
    for word in words:
        assert word in str(error.value)
    assert sorted(folder.rglob("*")) == before if folder.is_dir() else True


def test_a_folder_that_is_not_there_or_empty_or_a_file(tmp_path):
    refused(tmp_path / "nowhere", "nowhere is not a run folder", "chainrule compare")
    refused(tmp_path, "is not a run folder")
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "is not a run folder")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'{"schema": NaN}',
        b"null",
        b"[]",
        b"{}",
        b"3",
    ],
)
def test_a_file_that_is_not_the_json_of_a_comparison(tmp_path, content):
    (tmp_path / "metrics.json").write_bytes(content)
    refused(tmp_path, "metrics.json")


def test_a_newer_schema_asks_for_a_newer_chainrule(tmp_path):
    save_metrics(tmp_path, {**METRICS, "schema": 2})
    refused(tmp_path, "schema 2", "upgrade Chainrule")


def places(value, path=()):
    """Return the way to every value that a dict holds at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from places(item, (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


YOUNGER = {"weight_decay", "momentum", "early_stopping", "distort", "size", "crop", "kept_epoch"}
NOT_READ = {"summary", "python", "numpy", "blas", "cpu", "confusion_matrix", "hidden"}
READ = [
    way
    for way in places(METRICS)
    if not (NOT_READ | YOUNGER) & set(way) or way == ("settings", "hidden")
    if way[0] != "data" or len(way) < 3  # the names of the files are the dataset's own
    if way != ("runs", 0, "stopped")
    if way[:2] != ("settings", "learning_rates") or len(way) < 3
]


@pytest.mark.parametrize("way", READ, ids=lambda way: ".".join(map(str, way)))
def test_what_is_missing_is_named(tmp_path, way):
    metrics = copy.deepcopy(METRICS)
    holder = metrics
    for step in way[:-1]:
        holder = holder[step]
    del holder[way[-1]]
    save_metrics(tmp_path, metrics)
    refused(tmp_path, "metrics.json", str(way[-1]))


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("data", "test"), -1),
        (("data", "test"), "many"),
        (("data", "train"), True),
        (("data", "sha256"), []),
        (("settings", "seeds"), 0),
        (("settings", "learning_rates", "adam"), 0.1),
        (("settings", "weight_decay"), "some"),
        (("settings", "early_stopping"), -1),
        (("runs", 0, "kept_epoch"), 1.5),
        (("runs", 0, "kept_epoch"), 0),
        (("runs", 0, "kept_epoch"), 3),
        (("runs", 0, "test_accuracy"), 1.01),
        (("runs", 0, "test_accuracy"), None),
        (("runs", 0, "val_accuracy"), "0.9"),
        (("runs", 0, "train_seconds"), 10**400),
        (("runs", 0, "learning_rate"), {}),
        (("runs", 0, "lane"), "../../outside"),
        (("runs", 0, "status"), "running"),
        (("runs", 0, "history", "val_loss"), []),
        (("runs", 1, "stopped"), None),
        (("runs", 1, "stopped", "step"), 1.5),
        (("runs",), {}),
        (("runs",), []),
    ],
)
def test_what_is_something_else_is_named(tmp_path, way, value):
    metrics = copy.deepcopy(METRICS)
    holder = metrics
    for step in way[:-1]:
        holder = holder[step]
    holder[way[-1]] = value
    save_metrics(tmp_path, metrics)
    named = next(step for step in reversed(way) if isinstance(step, str))
    refused(tmp_path, "metrics.json", "no run" if value == [] and way == ("runs",) else named)


def test_a_whole_file_is_returned_as_it_stands(tmp_path):
    save_metrics(tmp_path, METRICS)
    assert checked_metrics(tmp_path) == METRICS


def test_a_model_of_other_parameters_is_refused(written):
    folder = written(copy.deepcopy(METRICS))
    (path,) = (folder / "models").iterdir()
    save_model(path, Model(create_network("adam", rng=99, sizes=(6, 5, 3))))
    refused(folder, path.name, "SHA-256")


def test_a_damaged_model_is_refused(written):
    folder = written(copy.deepcopy(METRICS))
    (path,) = (folder / "models").iterdir()
    path.write_bytes(path.read_bytes()[:-100])
    refused(folder, path.name)


def test_a_model_that_is_not_there_is_no_obstacle(written):
    folder = written(copy.deepcopy(METRICS))
    (path,) = (folder / "models").iterdir()
    path.unlink()
    assert "Networks of 5 hidden units" in write_report(folder).read_text("utf-8")


def test_a_damaged_figure_is_refused(written):
    folder = written(copy.deepcopy(METRICS))
    (folder / "figures" / "samples.png").write_bytes(b"<svg onload=alert(1)>")
    refused(folder, "samples.png")


def test_an_old_report_stays_where_a_new_one_cannot_be_written(written):
    folder = written(copy.deepcopy(METRICS))
    old = write_report(folder).read_bytes()
    (folder / "metrics.json").write_text("{")
    refused(folder)
    assert (folder / "report.html").read_bytes() == old


def test_a_report_is_written_whole_or_not_at_all(written, monkeypatch):
    folder = written(copy.deepcopy(METRICS))
    old = write_report(folder).read_bytes()
    (folder / "figures" / "samples.png").unlink()  # a new report would be another

    def full(_):
        raise OSError("no space left")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_report(folder)
    assert (folder / "report.html").read_bytes() == old
    assert not list(folder.glob(".*"))
