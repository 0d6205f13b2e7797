"""After any failure of a mirror the next is asked, and nothing unverified enters the cache."""

import socket
import threading
import time
import tracemalloc

import numpy as np
import pytest
from bad_manners import PATIENCE, serving
from tiny_mnist import KERAS, some_images

from chainrule.checks import ChainruleError
from chainrule.data.dataset import MNIST, is_mnist
from chainrule.data.download import MIRRORS
from chainrule.data.mnist import load_dataset, verify

FAILURES = {
    "forbidden": "403 Forbidden",
    "page": "begins with b'<!DO'",
    "wrong": "SHA-256 is wrong",
    "truncated": "cannot be read to its end",
    "broken_off": "the connection failed",
    "endless": "more than the",
    "bomb": "more follow",
    "larger": "expected at most",
    "silent": "no answer in time",
    "stalled": "no byte within 0.7 s",
    "dripping": "not complete within 1.2 s",
    "dripping_headers": "not complete within 1.2 s",
}


def load(mirrors):
    notices = []
    dataset = load_dataset("network", mirrors=mirrors, limits=PATIENCE, notice=notices.append)
    return dataset, "\n".join(notices)


def assert_only_mnist_in(cache):
    assert is_mnist(verify())
    assert sorted(path.name for path in cache.iterdir()) == sorted(MNIST)


@pytest.mark.parametrize(("manner", "reason"), FAILURES.items())
def test_the_next_mirror_is_asked(server, tiny, cache, manner, reason, stopwatch):
    dataset, notices = load([server.url(manner), server.url("good")])
    assert f"{server.url(manner)}: " in notices
    assert reason in notices
    assert (dataset.source, dataset.place) == ("network", server.url("good"))
    np.testing.assert_array_equal(dataset.train_images, tiny["train-images-idx3-ubyte"])
    assert_only_mnist_in(cache)
    assert stopwatch() < 20


def test_a_mirror_that_refuses_is_passed_over(server, cache):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    dataset, _ = load([refusing, server.url("good")])
    assert dataset.place == server.url("good")
    assert_only_mnist_in(cache)


def test_a_mirror_that_cannot_be_reached_is_passed_over_in_time(server, cache, stuck_port):
    dataset, _ = load([f"http://127.0.0.1:{stuck_port}/", server.url("good")])
    assert dataset.place == server.url("good")


def test_a_download_that_was_given_up_ends_by_itself(server, stopwatch):
    before = set(threading.enumerate())
    with pytest.raises(ChainruleError, match="not complete"):
        load([server.url("dripping")])
    while any(thread.daemon for thread in set(threading.enumerate()) - before):
        assert stopwatch() < 20, "it goes on as long as the server drips"
        time.sleep(0.01)


@pytest.mark.parametrize("manner", ["forbidden", "wrong"])
def test_where_every_mirror_fails_the_error_says_of_each_why(server, cache, manner):
    mirrors = [server.url(manner), server.url("page") + "mnist.npz"]
    with pytest.raises(ChainruleError) as raised:
        load(mirrors)
    message = str(raised.value)
    assert FAILURES[manner] in message
    assert "expected an .npz file" in message
    assert all(mirror in message for mirror in mirrors)
    assert not cache.exists()


def test_what_one_mirror_gave_whole_is_not_fetched_again(server, cache):
    last = "t10k-labels-idx1-ubyte.gz"
    whole = server.files[last]
    server.files[last] = whole[:20]
    with pytest.raises(ChainruleError):
        load([server.url("good"), server.url("good")])
    asked = [name for _, name in server.asked]
    assert asked == [f"{name}.gz" for name in MNIST] + [last]


def test_an_npz_mirror_is_as_good(server, cache):
    dataset, _ = load([server.url("good") + "mnist.npz"])
    assert dataset.sha256 == {name: known.sha256 for name, known in MNIST.items()}
    assert_only_mnist_in(cache)


@pytest.mark.parametrize("manner", ["page", "forbidden", "endless"])
def test_an_npz_mirror_that_fails_is_passed_over(server, cache, manner, monkeypatch):
    monkeypatch.setattr("chainrule.data.download._NPZ_SIZE", 100_000)
    dataset, _ = load([server.url(manner) + "mnist.npz", server.url("good")])
    assert dataset.place == server.url("good")
    assert_only_mnist_in(cache)


def test_an_npz_bomb_is_not_unpacked(server, tmp_path):
    arrays = [*some_images().values()]
    arrays[0] = np.zeros((100_000, 28, 28), np.uint8)
    np.savez_compressed(tmp_path / "bomb.npz", **dict(zip(KERAS, arrays, strict=True)))
    server.files["mnist.npz"] = (tmp_path / "bomb.npz").read_bytes()
    del arrays
    tracemalloc.start()
    with pytest.raises(ChainruleError, match="a member declares"):
        load([server.url("good") + "mnist.npz"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000, "less than half of what the array would take"


def test_a_proxy_from_the_environment_is_used(server, cache, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    dataset, _ = load(["http://mirror.invalid/good/"])
    assert dataset.place == "http://mirror.invalid/good/"
    assert_only_mnist_in(cache)


def test_silence_means_silence(server, capfd):
    load_dataset("network", mirrors=[server.url("page"), server.url("good")], notice=None)
    assert capfd.readouterr() == ("", "")


def test_the_real_mirrors_are_asked_over_https_alone():
    assert all(mirror.startswith("https://") for mirror in MIRRORS)


def test_mnist_itself_passes(mnist_folder, cache):
    with serving({path.name: path.read_bytes() for path in mnist_folder.iterdir()}) as server:
        dataset, _ = load([server.url("good")])
    assert (dataset.name, dataset.train_images.shape) == ("MNIST", (60_000, 28, 28))
    assert_only_mnist_in(cache)
