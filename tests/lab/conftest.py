"""A lab with two small trained networks: as an object, and as a server of its own."""

import os
import signal
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from lab_client import address_of, start
from PIL import Image

from chainrule import cli
from chainrule.data.mnist import load_dataset
from chainrule.data.split import split_dataset
from chainrule.experiments.lanes import run_lane
from chainrule.experiments.run_folder import RunFolder
from chainrule.experiments.settings import Settings


@pytest.fixture(scope="session")
def lab_run(tmp_path_factory):
    """Return the run folder, the dataset and where it comes from; the folder lacks figures."""
    home = tmp_path_factory.mktemp("lab-home")
    source = os.environ.get("CHAINRULE_DATA") or "sample"
    settings = Settings(
        data=source,
        learning_rates={"adam": [0.003], "sgd": [0.1]},
        batch_sizes=[32],
        seeds=[0],
        hidden=[16, 16],
        epochs=3,
        train_size=3000,
        split_seed=0,
        threads=1,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
        dataset = load_dataset(source, notice=None)
        split = split_dataset(dataset, settings.train_size, settings.split_seed)
        folder = RunFolder(home / "run")
        with folder.opened(asdict(settings), split, None, print):
            for lane in settings.lanes:
                shared = {"hidden": settings.hidden, "epochs": settings.epochs, "threads": 1}
                folder.add(run_lane(lane, split, **shared), settings.lanes)
    return SimpleNamespace(path=folder.path, dataset=dataset, source=source, home=home)


@pytest.fixture(scope="session")
def stripes_run(stripes, tmp_path_factory):
    """Return the run folder of networks for images of 8x6 pixels in three classes."""
    return trained(stripes, tmp_path_factory.mktemp("lab-stripes"))


@pytest.fixture(scope="session")
def shapes_run(tmp_path_factory):
    """Return that of networks for a folder of tall pictures, dark on light, in twelve classes."""
    folder = tmp_path_factory.mktemp("data") / "shapes"
    rng = np.random.default_rng(0)
    for number in range(12):
        for part, count in (("train", 20), ("test", 5)):
            place = folder / part / f"shape of number {number}"
            place.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(200, 256, (20, 12), dtype=np.uint8)
                row, column = divmod(number, 4)
                pixels[6 * row + 2 : 6 * row + 6, 3 * column : 3 * column + 3] = 20
                Image.fromarray(pixels).save(place / f"{i}.png")
    return trained(folder, tmp_path_factory.mktemp("lab-shapes"), "--size", "10x6")


def trained(source, home, *words):
    """Train two networks as a user does, and return the run folder, the home and the source."""
    words = [*words, "--hidden", "12", "--epochs", "15", "--batch-size", "8", "--seeds", "0"]
    command = ["compare", "--data", str(source), "--out", str(home / "run"), "--quiet", *words]
    assert cli.main([*command, "--threads", "1", "--jobs", "1"]) == 0
    return SimpleNamespace(path=home / "run", source=str(source), home=home)


@pytest.fixture(scope="session")
def lab(lab_run):
    """Return what the answers are computed from."""
    from chainrule.lab.networks import Lab, networks_of_run

    return Lab(lab_run.dataset, networks_of_run(lab_run.path, lab_run.dataset, print))


@pytest.fixture(scope="session")
def lab_server(lab_run):
    """Start the command on 127.0.0.1 and yield its address, without a slash at the end."""
    pytest.importorskip("starlette", reason="the lab's packages are not installed")
    process = start(lab_run, "--port", "18765")
    try:
        yield address_of(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def served():
    """Return a function that starts the command on a run folder and returns its address."""
    processes = []

    def serve(run):
        processes.append(start(run, "--port", "18770", names_data=False))
        return address_of(processes[-1])

    yield serve
    for process in processes:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture
def visit(browser, lab_server):
    """Return a function that opens the lab at an address; whatever goes wrong there is an error."""
    contexts, wrong = [], []

    def opened(address="", base=lab_server, *, refused=False, **options):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        allowed = ("net::ERR", "status of 400") if refused else ("net::ERR",)
        page.on("console", lambda one: wrong.append(one.text) if is_wrong(one, allowed) else 0)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: wrong.append(request.url) if is_far(request) else 0)
        page.on("filechooser", lambda chooser: None)  # else Playwright may listen too late
        page.goto(f"{base}/{address}")
        page.locator("h1").wait_for()
        return page

    def is_wrong(message, allowed):
        is_one = message.type in ("error", "warning")
        return is_one and not any(words in message.text for words in allowed)

    def is_far(request):
        return not request.url.startswith(("http://127.0.0.1:", "data:"))

    yield opened
    for context in contexts:
        context.close()
    assert wrong == [], "console errors, or requests to other hosts"
