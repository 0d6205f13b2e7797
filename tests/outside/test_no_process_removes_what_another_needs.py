"""What one process removes is its own: no lane, run, resume or clear takes it from another."""

import json
import os
import shutil
from pathlib import Path

from run_commands import ended, started

from chainrule import SGD, Dense, Network
from chainrule.cli import main
from chainrule.data import cache
from chainrule.experiments import keeping, run_folder
from chainrule.experiments.keeping import Keep, Keeper
from chainrule.experiments.stopping import StopSignals
from chainrule.reading import evaluation
from chainrule.storage import files
from chainrule.storage.files import locked

# In a worker: who comes second to the folder of the checkpoints writes there once the lane of the
# first has ended, and its checkpoint has been removed.
LATE = """
import os, pathlib, time
mkdir, here = pathlib.Path.mkdir, pathlib.Path(os.environ["MARKS"])
def late(path, *mode, **how):
    mkdir(path, *mode, **how)
    if path.name == "checkpoints":
        try:
            mkdir(here / "first")
        except FileExistsError:
            while not (here / "forgotten").exists():
                time.sleep(0.01)
pathlib.Path.mkdir = late
"""

SAYS_WHEN_IT_HAS_FORGOTTEN = """
import os, pathlib
from chainrule.experiments.keeping import Keep
forget = Keep.forget
def told(keep, lane):
    forget(keep, lane)
    pathlib.Path(os.environ["MARKS"], "forgotten").touch()
Keep.forget = told
"""


def test_a_lane_that_ends_leaves_the_folder_to_one_that_is_about_to_write(tmp_path, monkeypatch):
    keep, save = Keep(tmp_path), keeping.save_checkpoint

    def once_another_has_ended(path, *what):
        keep.forget("another")
        save(path, *what)

    monkeypatch.setattr(keeping, "save_checkpoint", once_another_has_ended)
    network = Network([Dense(3, 2)], optimizer=SGD(), rng=1)
    Keeper("this", network, keep, StopSignals(), {}, 1)._save((0, 0))
    assert [path.name for path in keep.checkpoints] == ["this.npz"]


def test_a_comparison_ends_whatever_lane_is_late(stripes, tmp_path):
    worker = tmp_path / "worker"
    worker.mkdir()
    (worker / "sitecustomize.py").write_text(LATE)
    process = started(
        *("compare", "--data", stripes, "--optimizers", "sgd", "--seeds", "0", "1"),
        *("--hidden", "4", "--epochs", "1", "--jobs", "2", "--quiet", "--out", "run"),
        cwd=tmp_path,
        before=SAYS_WHEN_IT_HAS_FORGOTTEN,
        MARKS=tmp_path,
        PYTHONPATH=os.pathsep.join([str(worker), os.environ.get("PYTHONPATH", "")]),
    )
    assert ended(process) == (0, "")
    assert (tmp_path / "first").exists()
    assert (tmp_path / "run" / "report.html").exists()
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_run_of_which_nothing_is_kept_takes_its_own_folder_alone(stripes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_folder, "write_metrics", fail)
    assert main(["train", "--data", str(stripes), "--quiet"]) == 2
    assert [path.name for path in tmp_path.rglob("*")] == ["runs"]  # others may be about to use it


def fail(*what):
    raise OSError(28, "No space left on device", "metrics.json")


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    path, lock = tmp_path / "lock", files._lock

    def once_its_holder_has_gone(file, path):
        monkeypatch.setattr(files, "_lock", lock)
        path.unlink()
        return lock(file, path)

    monkeypatch.setattr(files, "_lock", once_its_holder_has_gone)
    with locked(path) as ours, locked(path) as another:
        assert ours
        assert not another
    assert not path.exists()


def test_a_process_that_was_kept_out_does_not_remove_the_lock(tmp_path):
    with locked(tmp_path / "lock") as ours:
        with locked(tmp_path / "lock") as another:
            assert ours
            assert not another
        with locked(tmp_path / "lock") as another:
            assert not another


def test_what_another_process_has_done_by_then_is_not_done_again(stripes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few = ["--data", str(stripes), "--hidden", "4", "--epochs", "1", "--quiet"]
    assert main(["train", *few, "--out", "run"]) == 0
    path, lock = Path("run", "metrics.json"), run_folder.locked
    whole = path.read_text()
    path.write_text(json.dumps(json.loads(whole) | {"runs": []}))

    def once_the_other_has_ended(place):
        path.write_text(whole)
        return lock(place)

    monkeypatch.setattr(run_folder, "locked", once_the_other_has_ended)
    before = Path("run", "models", "adam-seed0.npz").stat().st_mtime_ns
    assert main(["resume", "run", "--quiet"]) == 0
    assert Path("run", "models", "adam-seed0.npz").stat().st_mtime_ns == before


def test_only_temporary_files_of_our_own_are_removed(tmp_path):
    for name in (".notes.part", ".adam-seed0.npz.0123abcd.part"):
        (tmp_path / name).touch()
    Keep(tmp_path).clean()
    assert [path.name for path in tmp_path.iterdir()] == [".notes.part"]


def test_two_clear_the_cache_at_once(monkeypatch):
    folder = cache.cache_folder()
    folder.mkdir(parents=True)
    (folder / "t10k-labels-idx1-ubyte").touch()
    unlink = Path.unlink

    def once_the_other_has_done_it(path, **how):
        shutil.rmtree(folder)
        unlink(path, **how)

    monkeypatch.setattr(Path, "unlink", once_the_other_has_done_it)
    assert cache.clear().files == ()


def test_two_programmes_save_a_picture_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch = Path.touch

    def once_the_other_has_done_it(path, **how):
        monkeypatch.setattr(Path, "touch", touch)
        path.write_text("the other's")
        touch(path, **how)

    monkeypatch.setattr(Path, "touch", once_the_other_has_done_it)
    assert evaluation._next_path("samples") == Path("figures", "02-samples.png")
    assert Path("figures", "01-samples.png").read_text() == "the other's"
