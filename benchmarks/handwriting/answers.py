"""What a model answers to a file, and what became of each picture."""

import io
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.handwriting.scenes import EVERY, draw
from chainrule.checks import ChainruleError
from chainrule.reading.answer import read
from chainrule.reading.classifier import ImageClassifier

SURE = 0.9
THUMBNAIL = 240  # pixels a side


@dataclass(frozen=True)
class Answer:
    """What was said of a picture: digits, or why there are none."""

    text: str = ""
    probability: float = 0.0
    doubts: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Record:
    """One picture, and what was said of it."""

    scene: str
    index: int
    truth: str
    answer: Answer
    milliseconds: float
    thumbnail: np.ndarray = field(repr=False)

    @property
    def right(self):
        return bool(self.truth) and self.answer.text == self.truth

    @property
    def doubted(self):
        return bool(self.answer.doubts) and not self.answer.refused

    @property
    def wrong_and_sure(self):
        answer = self.answer
        silent = not answer.refused and not answer.doubts
        return silent and answer.text != self.truth and answer.probability > SURE


def answer(classifier, path):
    """Let a model read a file, as `chainrule predict` does.

    What is no refusal but a crash counts as refused, so that one picture does not end everything;
    the results name it.
    """
    try:
        reading = read(classifier, path)
    except ChainruleError as error:
        return Answer(refused=str(error).replace(str(path), Path(path).name))
    except Exception as error:
        return Answer(refused=f"crashed: {type(error).__name__}: {error}")
    return Answer(reading.text, reading.probability, reading.doubts)


class Reader:
    """What a process needs: the model, the digits that were drawn, and a folder for files."""

    def __init__(self, model, images, labels, seed, folder, keep):
        self.classifier = ImageClassifier.load(model)
        self.images, self.labels = images, labels
        self.seed, self.folder, self.keep = seed, folder, keep

    def record(self, scene, index):
        """Draw a picture, write it to a file, and let the model read it."""
        count, digits = len(self.images), EVERY[scene].digits
        chosen = [(index + place * (count // 3 + 1)) % count for place in range(digits)]
        file = draw(scene, self.images[chosen], self.seed, index)
        truth = "".join(str(label) for label in self.labels[chosen])
        return self.read_file(scene, index, truth, *file)

    def read_file(self, scene, index, truth, content, suffix):
        path = self.folder / f"{scene}-{index:04d}{suffix}"
        path.write_bytes(content)
        start = time.perf_counter()
        said = answer(self.classifier, path)
        took = time.perf_counter() - start
        if not self.keep:
            path.unlink()
        return Record(scene, index, truth, said, 1_000 * took, thumbnail(content))


def drawn_digits(dataset, seed, count):
    """Return the images and labels of so many test digits; fewer are the first of more."""
    chosen = np.random.default_rng(seed).permutation(len(dataset.test_labels))[:count]
    return dataset.test_images[chosen], dataset.test_labels[chosen]


def bare(classifier, images, labels):
    """Return the model's accuracy on images as MNIST has them, and how many are wrong and sure."""
    probabilities = classifier.probabilities(images)
    wrong = probabilities.argmax(axis=1) != labels
    sure = probabilities.max(axis=1) > SURE
    return {"images": len(labels), "right": int((~wrong).sum()),
            "wrong_and_sure": int((wrong & sure).sum())}  # fmt: skip


def records(model, images, labels, scenes, *, options, progress):
    """Yield for each scene the list of its records; the number of processes changes none.

    Parameters
    ----------
    model : str
        The model file.
    images, labels : array
        The digits.
    scenes : list of str
    options : namespace
        What the command line says: seed, jobs, out, keep.
    progress : callable
        Takes the records of a scene as they come, its name and their number; yields them on.
    """
    with tempfile.TemporaryDirectory(prefix="chainrule-handwriting-") as scratch:
        folder = options.out / "pictures" if options.keep else Path(scratch)
        folder.mkdir(exist_ok=True)
        reader = (model, images, labels, options.seed, folder, options.keep)
        with ProcessPoolExecutor(options.jobs, get_context("spawn"), _begin, reader) as pool:
            for scene in scenes:
                most = min(len(labels), EVERY[scene].most or len(labels))
                found = pool.map(partial(_record, scene), range(most), chunksize=4)
                yield list(progress(found, scene, most))


_reader = None


def _begin(*what):
    global _reader
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    _reader = Reader(*what)


def _record(scene, index):
    return _reader.record(scene, index)


def thumbnail(content):
    """Return a small picture of an image file; what is transparent becomes a colour."""
    image = Image.open(io.BytesIO(content))
    image.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    if image.mode == "RGBA":
        ground = Image.new("RGBA", image.size, (140, 140, 180, 255))
        ground.alpha_composite(image)
        image = ground
    return np.asarray(image.convert("RGB"))
