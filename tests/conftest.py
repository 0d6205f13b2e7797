"""What all tests share: a home of their own, and the real MNIST where there is one."""

import os
import signal
import threading
from pathlib import Path

import pytest

# Before NumPy is imported: workers of two BLAS threads each would wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shell's "&", nohup and some CI let what they start ignore SIGINT; the programmes that tests
# start and interrupt would inherit that. What has a handler here starts with the default there.
if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session")
def stripes(tmp_path_factory):
    """Write another dataset, small: 8x6 pictures with one of three rows bright, in loud noise."""
    import numpy as np

    from chainrule.data.idx import write_idx

    folder = tmp_path_factory.mktemp("data") / "stripes"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part, count in (("train", 240), ("t10k", 60)):
        labels = np.arange(count, dtype=np.uint8) % 3
        images = rng.integers(0, 180, (count, 8, 6), dtype=np.uint8)
        images[np.arange(count), 2 * labels + 1] += 60
        write_idx(folder / f"{part}-images-idx3-ubyte", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
    return folder


@pytest.fixture
def two_threads(monkeypatch):
    """Let BLAS have two threads, chosen by nobody."""
    from threadpoolctl import threadpool_limits

    from chainrule import threads

    for name in threads.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1}, raising=False)
    assert threads._LIMIT.found()
    with threadpool_limits(2, user_api="blas"):
        threads._LIMIT._let_any_thread_limit()
        yield


# Debian's packages chromium-headless-shell, which needs half of the time, and chromium.
BROWSERS = [Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")]
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
    path = next((path for path in BROWSERS if path.exists()), None)
    if path is None:
        pytest.skip(f"there is no {' and no '.join(map(str, BROWSERS))}")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield chromium
        chromium.close()
