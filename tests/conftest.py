"""What all tests share: a home of their own, and the real MNIST where there is one."""

import os
from pathlib import Path

import pytest

# Before NumPy is imported: workers of two BLAS threads each would wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    """Keep every test away from the user's home and cache."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))


@pytest.fixture(scope="session")
def mnist_folder():
    """Return the folder of the real MNIST files."""
    if not os.environ.get("CHAINRULE_DATA"):
        pytest.skip("CHAINRULE_DATA is not set: the real MNIST is needed")
    return Path(os.environ["CHAINRULE_DATA"])


CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser():
    """Start Debian's Chromium, once for all tests of pages: Playwright allows no second."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()
