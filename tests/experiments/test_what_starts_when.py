"""`compare` waits for nothing that it does not need: the order of its events, not their times."""

import pytest

from chainrule import cli, plots
from chainrule.experiments import backends, starting
from chainrule.experiments.run_folder import RunFolder


@pytest.fixture
def events(monkeypatch):
    """Return the list of what happens: workers, images, the lanes that end, the figures."""
    seen = []

    def note(owner, name, words):
        before = getattr(owner, name)

        def noted(*arguments, **named):
            seen.append(words(*arguments))
            return before(*arguments, **named)

        monkeypatch.setattr(owner, name, noted)

    note(backends, "_starting", lambda *_: "workers")
    note(starting, "load_dataset", lambda *_: "images")
    note(RunFolder, "add", lambda folder, result, lanes: result.lane.name)
    note(plots, "save_figure", lambda figure, path: path.stem)
    return seen


def run(stripes, *arguments):
    return cli.main(["compare", "--data", str(stripes), "--epochs", "1", "--quiet", *arguments])


def test_workers_start_before_the_images_are_read(working_folder, stripes, events):
    assert run(stripes, "--jobs", "2", "--out", "two") == 0
    assert events[:3] == ["workers", "images", "workers"]


def test_a_lane_that_has_ended_is_drawn_before_the_next_one_is_waited_for(
    working_folder, stripes, events
):
    assert run(stripes, "--jobs", "1", "--out", "one") == 0
    ends = [events.index(f"{name}-seed0") for name in ("adam", "sgd")]
    for lane, end in zip(("adam", "sgd"), ends, strict=True):
        assert events[end + 1 : end + 3] == [f"confusion_{lane}-seed0", f"first_layer_{lane}-seed0"]
    assert events[ends[0] + 3 : ends[1]] == ["samples"]
    figures = [path.stem for path in (working_folder / "one" / "figures").iterdir()]
    drawn = [event for event in events if event in figures]
    assert sorted(drawn) == sorted(figures)  # each once


def test_workers_that_started_in_vain_leave_nothing_behind(working_folder, events):
    assert run(working_folder / "nowhere", "--jobs", "2") == 2
    assert events == ["workers", "images"]
    assert not list(working_folder.iterdir())
