"""A set of images and its identity, which the SHA-256 of its IDX bytes decides and nothing else."""

from __future__ import annotations

import json
import os
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from chainrule.checks import ChainruleError, Integers
from chainrule.data.idx import ELEMENT_TYPES, LIMIT, Numbers, idx_sha256, opened, read_idx
from chainrule.data.preprocess import check_labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

ClassName: TypeAlias = int | str

# A confusion matrix has its square: more is no longer a figure, and tens of megabytes of JSON.
MOST_CLASSES = 1_000


class KnownFile(NamedTuple):
    """What is known of a file of MNIST before it arrives."""

    size: int  # bytes of the IDX file
    packed: int  # bytes that no gzip file of it exceeds; mirrors differ by a few in a hundred
    sha256: str  # of the IDX file


MNIST = {
    "train-images-idx3-ubyte": KnownFile(
        47_040_016, 10_500_000, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": KnownFile(
        60_008, 33_000, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": KnownFile(
        7_840_016, 1_800_000, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": KnownFile(
        10_008, 6_000, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}

# The sets of EMNIST, as its files begin: emnist-letters-train-images-idx3-ubyte.gz. In its archive
# all six stand in one folder.
EMNIST = tuple(
    f"emnist-{name}" for name in ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
)

_UNREADABLE = (OSError, EOFError, KeyError, MemoryError, RuntimeError, ValueError)  # of an .npz
_TABLE = (
    "a table, and --data takes images: read it with pandas, and train "
    "chainrule.interop.sklearn.MLPClassifier on its columns"
)
_ARCHIVE = "an archive: unpack it, and name the folder"
_PICTURE = "one picture: name the folder that has a subfolder of pictures for each class"
_NO_IMAGES = {
    **dict.fromkeys((".csv", ".tsv", ".parquet", ".xlsx"), _TABLE),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar"), _ARCHIVE),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".heic"), _PICTURE),
}
_MOVE_A_CURSOR = ("Cc", "Cs", "Zl", "Zp")  # or are half a letter
NPZ_MEMBERS = ("x_train", "y_train", "x_test", "y_test")  # in the order of MNIST

OK = "ok"
DAMAGED = "damaged"
MISSING = "missing"
OTHER = "another dataset"


@dataclass(frozen=True, eq=False)
class FileReport:
    """What was found in the place of one of the four IDX files.

    Attributes
    ----------
    name : str
        The file's name in MNIST, whatever it is called here.
    path : Path
        Where it is, or should be.
    verdict : str
        ``"ok"`` (MNIST's), ``"damaged"``, ``"missing"`` or ``"another dataset"``.
    reason : str
        What is wrong with a damaged or missing file, in one sentence that names it.
    size : int
        Bytes on disk.
    sha256 : str
        Of the IDX bytes, where they could be read.
    array : ndarray or None
        What the file holds, where it could be read.
    emnist : str
        The set of EMNIST whose file it is, such as ``"emnist-letters"``; empty for all others.
    """

    name: str
    path: Path
    verdict: str
    reason: str = ""
    size: int = 0
    sha256: str = ""
    array: Numbers | None = field(default=None, repr=False)
    emnist: str = ""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test images with their labels, and where they come from.

    Attributes
    ----------
    train_images, test_images : ndarray of uint8, shape (n, height, width)
        Pixels from 0 to 255, upright.
    train_labels, test_labels : ndarray of int64, shape (n,)
        Positions in `classes`, from 0 up: what a network learns.
    name : str
        ``"MNIST"``, ``"MNIST sample"``, or the name of another dataset's folder.
    source : str
        ``"path"``, ``"cache"``, ``"keras"``, ``"torchvision"``, ``"network"``, ``"openml"`` or
        ``"sample"``.
    place : str
        The folder, file or address.
    sha256 : dict
        Name of each of the four IDX files -> SHA-256 of its bytes, in hexadecimal.
    classes : tuple of int or of str
        The numbers that the training labels have in their file, ascending: 1 to 26 for the letters
        of EMNIST. Names, where there are any. No class stands there without images.
    is_turned : bool
        Whether the images lie on their side in the files, as EMNIST's do, and were turned upright.
    auto : bool
        Whether the source was chosen by ``"auto"``, not by name.
    pictures : dict
        How a picture becomes such an image, as a model file keeps it: ``{"rule": "mnist"}`` for
        MNIST and its sample, ``{"rule": "scaled", "way": "fit"}`` (or ``"crop"``) for a folder of
        pictures; empty where nothing is known.
    """

    train_images: Numbers = field(repr=False)
    train_labels: Integers = field(repr=False)
    test_images: Numbers = field(repr=False)
    test_labels: Integers = field(repr=False)
    name: str
    source: str
    place: str
    sha256: dict[str, str] = field(repr=False)
    classes: tuple[ClassName, ...]
    is_turned: bool = False
    auto: bool = False
    pictures: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, reports: Sequence[FileReport], name: str, source: str, place: str) -> Dataset:
        """Return the dataset that `reports` found at `place`.

        Raises
        ------
        ChainruleError
            If a file is missing or damaged, or images and labels do not belong together.
        """
        arrays = []
        for report in reports:
            if report.array is None or report.verdict == DAMAGED:
                raise ChainruleError(report.reason)
            arrays.append(report.array)
        train_images, train_labels = _checked(f"{place}: the training", *arrays[:2])
        test_images, test_labels = _checked(f"{place}: the test", *arrays[2:])
        if train_images.shape[1:] != test_images.shape[1:]:
            raise ChainruleError(
                f"{place}: training and test images must be of one size, got "
                f"{train_images.shape[1:]} and {test_images.shape[1:]}."
            )
        classes, train_positions = np.unique(train_labels, return_inverse=True)
        if len(strangers := np.setdiff1d(test_labels, classes)):
            raise ChainruleError(
                f"{place}: the test labels must be among the classes of the training labels, "
                f"{words_of_classes(classes.tolist())}, got {words_of_classes(strangers.tolist())}."
            )
        is_turned = any(report.emnist for report in reports)
        if is_turned:
            train_images, test_images = _turned(train_images), _turned(test_images)
        return cls(
            train_images,
            train_positions.astype(np.int64, copy=False),
            test_images,
            np.searchsorted(classes, test_labels).astype(np.int64, copy=False),
            name,
            source,
            place,
            {report.name: report.sha256 for report in reports},
            tuple(classes.tolist()),
            is_turned,
            pictures={"rule": "mnist"} if source == "sample" or is_mnist(reports) else {},
        )

    @property
    def is_sample(self) -> bool:
        """Whether this is the embedded sample, on which no accuracy is an MNIST accuracy."""
        return self.source == "sample"

    def with_gaps(self) -> Dataset:
        """Return it with a class for every number up to the largest, as older versions had it."""
        numbers = np.array(self.classes, np.int64)
        train_labels, test_labels = numbers[self.train_labels], numbers[self.test_labels]
        classes = tuple(range(int(numbers[-1]) + 1))
        return replace(self, train_labels=train_labels, test_labels=test_labels, classes=classes)

    @property
    def has_names(self) -> bool:
        """Whether its classes have names, not numbers."""
        return any(isinstance(name, str) for name in self.classes)

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of an image, in pixels."""
        _, height, width = self.train_images.shape
        return height, width

    @property
    def title(self) -> str:
        """What figures call it."""
        if self.is_sample:
            images = len(self.train_images) + len(self.test_images)
            return f"embedded sample of {images:,} MNIST images"
        return self.name


def words_of_classes(classes: Sequence[Any]) -> str:
    """Return "0 to 9" for numbers in a row, else each name, or the first and the last of many."""
    names, are_numbers = [str(name) for name in classes], all(type(one) is int for one in classes)
    if len(names) > 2 and are_numbers and classes[-1] - classes[0] == len(names) - 1:
        return f"{names[0]} to {names[-1]}"
    if len(names) > 8:
        return f"{', '.join(names[:4])}, …, {names[-1]}"
    return ", ".join(names)


def _turned(images: Numbers) -> Numbers:
    """Return images with their rows as columns: upright, where they lay on their side."""
    return np.ascontiguousarray(images.swapaxes(1, 2))


def _checked(name: str, images: Numbers, labels: Numbers) -> tuple[Numbers, Integers]:
    if images.dtype != np.uint8 or images.ndim != 3 or not images.size:
        raise ChainruleError(
            f"{name} images must be bytes (uint8) of the shape (images, height, width), got "
            f"{images.dtype} of the shape {images.shape}."
        )
    return images, check_labels(f"{name} labels", labels, len(images))


def read_dataset(path: Path) -> Dataset:
    """Read the dataset in a folder of four IDX files, or in an ``.npz`` file such as Keras' MNIST.

    Parameters
    ----------
    path : Path
        The folder's files may be plain or gzip, ``train-images-idx3-ubyte`` or
        ``train-images.idx3-ubyte``, or those of a set of EMNIST,
        ``emnist-letters-train-images-idx3-ubyte``. Where several sets stand in one folder, the
        path is that of the folder and the name of the set: ``gzip/emnist-letters``.

    Returns
    -------
    Dataset
        MNIST, if all four checksums are MNIST's. If none is: another dataset, named after `path`
        or its set of EMNIST.

    Raises
    ------
    ChainruleError
        If a file is missing or damaged, or if only some of the checksums are MNIST's.
    """
    reports = inspect(path)
    name = "MNIST" if is_mnist(reports) else reports[0].emnist or path.resolve().name
    dataset = Dataset.of(reports, _as_title(name.removesuffix(".npz")), "path", str(path))
    return _with_names(dataset, path) if path.is_file() else dataset


def _with_names(dataset: Dataset, path: Path) -> Dataset:
    """Return the dataset of an ``.npz`` file with what it says besides of classes and pictures."""
    with np.load(path, allow_pickle=False) as members:
        try:
            names, pictures = (members.get(name) for name in ("classes", "pictures"))
        except ValueError:  # it is pickled
            names, pictures = np.empty(0, "U"), None
    if names is not None and names.dtype.kind == "U":
        dataset = replace(dataset, classes=_names_of(dataset.classes, names.ravel(), path))
    with suppress(TypeError, ValueError):
        rule = pictures_rule(json.loads(pictures.item() if pictures is not None else ""))
        dataset = replace(dataset, pictures=dataset.pictures or rule or {})
    return dataset


def _names_of(labels: Sequence[Any], names: Numbers, path: Path) -> tuple[str, ...]:
    """Return the name of each label, which is its place among the names."""
    known = [printable(str(name)) for name in names]
    if len(set(known)) < len(known) or labels[-1] >= len(known):
        raise ChainruleError(
            f"{path}: classes must hold a name for each label from 0 to {labels[-1]}, each "
            f"another, as an array of text, got {len(known)}: correct it, or leave it out."
        )
    return tuple(known[label] for label in labels)


def pictures_rule(said: Any) -> dict[str, str] | None:
    """Return what is said of the preparation of pictures, if it is known here, else None."""
    match said:
        case {"rule": "mnist"} | {"rule": "scaled", "way": "fit" | "crop"}:
            return dict(said)
    return None


def _as_title(name: str) -> str:
    """Return the name of a dataset as figures, reports and JSON can hold it."""
    if name in EMNIST:
        return f"EMNIST {name.partition('-')[2]}"
    return name.encode(errors="backslashreplace").decode()  # the name of a file may be no text


def printable(name: str) -> str:
    """Return the name of a class as figures, tables and JSON can hold it, in one line."""
    return "".join(
        ascii(sign)[1:-1] if unicodedata.category(sign) in _MOVE_A_CURSOR else sign
        for sign in in_one_form(name)
    )


def in_one_form(name: str) -> str:
    """Return a name with its accents in one form: file systems differ in it."""
    return unicodedata.normalize("NFC", name)


def inspect(path: Path, *, only_mnist: bool = False) -> tuple[FileReport, ...]:
    """Look at the four files of a folder, or the four arrays of an ``.npz`` file.

    Parameters
    ----------
    path : Path
    only_mnist : bool
        Take any other checksum for damage, not for another dataset. Without it, that is so only
        beside a file that is MNIST's.

    Returns
    -------
    tuple of FileReport
        In the order of `MNIST`.

    Raises
    ------
    ChainruleError
        If there is no such folder or file.
    """
    if not is_there(path):
        raise ChainruleError(
            f"expected a folder with MNIST's four files or with pictures, or an .npz file, but "
            f"there is no {path} that can be read; correct the path."
        )
    if path.is_file() and path.suffix.lower() in _NO_IMAGES:
        raise ChainruleError(f"{path} is {_NO_IMAGES[path.suffix.lower()]}.")
    if path.is_file() and path.name.removesuffix(".gz").endswith("-ubyte"):
        raise ChainruleError(
            f"expected a folder with four IDX files, but {path} is one file: name {path.parent}."
        )
    if path.is_file():
        reports = _npz_reports(path)
    elif path.is_dir():
        reports = _folder_reports(path)
    else:
        reports = _reports(path.parent, path.name)
    if only_mnist or any(report.verdict == OK for report in reports):
        return tuple(_strict(report) for report in reports)
    return reports


def is_mnist(reports: Sequence[FileReport]) -> bool:
    """Whether all four files are MNIST's."""
    return all(report.verdict == OK for report in reports)


def state_of(reports: Sequence[FileReport]) -> str:
    """Return what a place holds in all.

    ``"MNIST"``, ``"another dataset"``, ``"damaged"``, ``"incomplete"`` or ``"nothing"``.
    """
    verdicts = {report.verdict for report in reports}
    if verdicts <= {MISSING}:
        return "nothing"
    if DAMAGED in verdicts or MISSING in verdicts:
        return "damaged" if DAMAGED in verdicts else "incomplete"
    return "MNIST" if verdicts == {OK} else OTHER


def identify(name: str, path: Path, array: Numbers, size: int = 0) -> FileReport:
    """Return the report on an `array` that was read in the place of the file `name` of MNIST."""
    sha256 = idx_sha256(array)
    verdict = OK if sha256 == MNIST[name].sha256 else OTHER
    return FileReport(name, path, verdict, "", size, sha256, array)


def _strict(report: FileReport) -> FileReport:
    if report.verdict != OTHER:
        return report
    reason = (
        f"{report.path}: expected {report.name} of MNIST, but the SHA-256 of its IDX bytes is "
        f"another ({report.sha256[:12]}…); replace it by a whole one."
    )
    return replace(report, verdict=DAMAGED, reason=reason)


def is_there(path: Path) -> bool:
    """Whether there is anything to `inspect` at a path."""
    return os.access(path, os.R_OK) or (path.name in EMNIST and path.name in _sets_in(path.parent))


def _sets_in(folder: Path) -> list[str]:
    """Return the sets of EMNIST of which the training images stand in a folder."""
    images = next(iter(MNIST))
    return [
        name for name in EMNIST if any(path.is_file() for path in _places(folder, images, name))
    ]


def _folder_reports(folder: Path) -> tuple[FileReport, ...]:
    reports = _reports(folder)
    if any(report.verdict != MISSING for report in reports):
        return reports
    match _sets_in(folder):
        case [name]:
            return _reports(folder, name)
        case [name, *_] as names:
            reason = (
                f"{folder} holds {len(names)} sets of EMNIST, {', '.join(names)}: name one of "
                f"them, such as {folder / name}."
            )
        case _:
            reason = (
                f"expected the four IDX files {', '.join(MNIST)} in {folder}, plain or .gz, or a "
                "subfolder of pictures for each class, found none of these; correct the path, or "
                "put them there."
            )
    return tuple(replace(report, reason=reason) for report in reports)


def _reports(folder: Path, emnist: str = "") -> tuple[FileReport, ...]:
    return tuple(replace(_file_report(folder, name, emnist), emnist=emnist) for name in MNIST)


def _file_report(folder: Path, name: str, emnist: str) -> FileReport:
    """Look at the first that exists of the places of the file `name`."""
    for path in _places(folder, name, emnist):
        if path.is_file():
            size = path.stat().st_size
            try:
                return identify(name, path, read_idx(path), size)
            except ChainruleError as error:
                return FileReport(name, path, DAMAGED, str(error), size)
    expected = next(_places(folder, name, emnist))
    reason = (
        f"{folder}: expected {expected.name} there too, plain or .gz, but it is missing; add it."
    )
    return FileReport(name, expected, MISSING, reason)


def _places(folder: Path, name: str, emnist: str = "") -> Iterator[Path]:
    """Yield where the file `name` of MNIST, or its like of a set of EMNIST, may be."""
    own_name = f"{emnist}-{name.replace('t10k', 'test')}" if emnist else name
    spellings = (own_name, own_name.replace("-idx", ".idx"))
    # Some programmes unpack each file into a folder that is named after it.
    for place in (folder, *(folder / spelling for spelling in spellings)):
        for spelling in spellings:
            yield place / spelling
            yield place / f"{spelling}.gz"


def _npz_reports(path: Path) -> tuple[FileReport, ...]:
    size = path.stat().st_size
    try:
        arrays = read_npz(path)
    except ChainruleError as error:
        return tuple(FileReport(name, path, DAMAGED, str(error), size) for name in MNIST)
    return tuple(identify(name, path, array, size) for name, array in arrays.items())


def read_npz(source: Path | bytes, *, limit: int = LIMIT, name: str = "") -> dict[str, Numbers]:
    """Read the four arrays of an ``.npz`` file as Keras keeps MNIST.

    Parameters
    ----------
    source : Path or bytes
        The file, or what stands in it: ``x_train``, ``y_train``, ``x_test`` and ``y_test``.
    limit : int
        The largest size of a member, in bytes, that is accepted.
    name : str
        What errors call the source; the path by default.

    Returns
    -------
    dict
        Name of the IDX file -> what it would hold; labels that fit are uint8 as in MNIST.

    Raises
    ------
    ChainruleError
        If the file is damaged, too large, or holds something else.
    """
    import zipfile
    import zlib

    try:
        with opened(source) as stream:
            sizes = [member.file_size for member in zipfile.ZipFile(stream).infolist()]
            if max(sizes, default=0) > limit:
                raise ValueError(f"a member declares {max(sizes):,} bytes, more than {limit:,}")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as members:
                arrays = [in_idx_type(members[member]) for member in NPZ_MEMBERS]
    except (*_UNREADABLE, zipfile.BadZipFile, zlib.error) as error:
        raise ChainruleError(
            f"{name or str(source)}: expected an .npz file with {', '.join(NPZ_MEMBERS)}, but it "
            f"cannot be read ({error}); replace it by a whole one."
        ) from error
    return dict(zip(MNIST, arrays, strict=True))


def in_idx_type(array: Numbers) -> Numbers:
    """Return whole numbers as bytes where they fit, as in MNIST, and all else as it is."""
    if array.dtype.kind in "ui" and array.size:
        for dtype in (np.uint8, np.int32):
            if np.iinfo(dtype).min <= array.min() and array.max() <= np.iinfo(dtype).max:
                return array.astype(dtype, copy=False)
    if array.dtype.newbyteorder(">") not in ELEMENT_TYPES.values():
        raise ValueError(f"an array of {array.dtype}")
    return array
