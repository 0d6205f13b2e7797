"""The lab opens with its small network; the one to draw on comes when it is ready."""

import signal
import subprocess
import sys

import pytest
from lab_client import address_of

pytest.importorskip("starlette", reason="the lab's packages are not installed")


@pytest.fixture
def first_start(tmp_path, monkeypatch):
    """Start the lab where nothing is kept yet, on the sample."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = [sys.executable, "-m", "chainrule", "lab", "--no-browser", "--port", "18790"]
    process = subprocess.Popen([*command, "--data", "sample"], stdout=subprocess.PIPE, text=True)
    yield address_of(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


@pytest.mark.long
def test_draw_goes_over_to_it_and_other_screens_stay(visit, first_start):
    drawing, walking = visit(base=first_start), visit("#/mistakes", base=first_start)
    for page in (drawing, walking):
        facts = page.locator(".facts")
        facts.get_by_text("Training 784-256-128-64-10, to draw on").wait_for()
        assert page.locator("select option").first.inner_text() == "784-16-16-10, to look into"
    drawing.get_by_text("784-256-128-64-10, to draw on: it is ready.").wait_for(timeout=120_000)
    for page in (drawing, walking):
        page.locator(".about option[value=course]").wait_for(state="attached")
        page.get_by_text("Training 784").wait_for(state="detached")
    assert drawing.locator(".about select").input_value() == "course"
    assert walking.locator(".about select").input_value() == "small"
    assert "network=small" in walking.url
