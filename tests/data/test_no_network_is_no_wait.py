"""Without a network the search for MNIST ends soon, whatever the machine does to find that out."""

import socket
import threading

import pytest

from chainrule.checks import ChainruleError
from chainrule.data.download import LIMITS, MIRRORS, Limits
from chainrule.data.mnist import load_dataset

HURRY = Limits(connect=0.3)


def assert_ends_with_the_sample(stopwatch, mirrors):
    notices = []
    dataset = load_dataset("auto", mirrors=mirrors, limits=HURRY, notice=notices.append)
    assert dataset.is_sample
    assert dataset.auto
    assert "NOT full MNIST" in notices[-1]
    assert all(mirror in notices[-1] for mirror in mirrors)
    assert stopwatch() < 12


def test_the_limit_on_connecting_keeps_the_promise():
    assert 2 * LIMITS.connect < 12


def test_names_that_are_not_found(quick_sample, stopwatch, monkeypatch):
    def not_found(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    assert_ends_with_the_sample(stopwatch, MIRRORS)


def test_names_that_are_never_answered(quick_sample, stopwatch, monkeypatch):
    over = threading.Event()

    def hang(*_, **__):
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "gave up")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        assert_ends_with_the_sample(stopwatch, MIRRORS)
    finally:
        over.set()


def test_hosts_that_swallow_everything(quick_sample, stopwatch, stuck_port):
    mirrors = [f"http://127.0.0.1:{stuck_port}/{number}/" for number in range(8)]
    assert_ends_with_the_sample(stopwatch, mirrors)


def test_by_its_own_name_the_network_is_an_error(stopwatch, stuck_port):
    with pytest.raises(ChainruleError, match="connect to the network, or set CHAINRULE_DATA"):
        load_dataset(
            "network",
            mirrors=[f"http://127.0.0.1:{stuck_port}/"],
            limits=HURRY,
            notice=None,
        )
    assert stopwatch() < 12
