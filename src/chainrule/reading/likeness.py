"""Whether a picture looks like any of those that a network learned to read.

A network cannot say: it knows no class for what is none, and is often sure of it. The pictures can.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from chainrule.checks import Array, extra
from chainrule.data.dataset import Dataset

KNOWN, TRIED = 3000, 500  # images that a picture is compared with, and that set the limit
LEAST_KNOWN, LEAST_TRIED = 1000, 200  # with fewer nothing is said
UNLIKE = 1  # percent of what was never learned from that are less like it than the limit
BLUR = 1.0  # pixels: a stroke beside another is still like it


@dataclass(frozen=True, eq=False)
class Likeness:
    """How like its nearest training image a picture is.

    Attributes
    ----------
    dataset : Dataset
    is_light : bool
        Whether its images are dark ink on a light ground.
    """

    dataset: Dataset = field(repr=False)
    is_light: bool = False

    @property
    def can_tell(self) -> bool:
        """Whether the dataset has images enough."""
        train, test = self.dataset.train_images, self.dataset.test_images
        return len(train) >= LEAST_KNOWN and len(test) >= LEAST_TRIED

    def nearest(self, images: Array) -> Array:
        """Return for images (n, height, width), from 0 to 1, the likeness to the nearest, (n,)."""
        found: Array = (self._directions(images) @ self._known.T).max(axis=1)
        return found

    @cached_property
    def limit(self) -> float:
        """The likeness that 99 of 100 test images reach."""
        tried = _drawn(self.dataset.test_images, TRIED)
        return float(np.percentile(self.nearest(tried), UNLIKE))

    def is_unlike(self, image: Array) -> bool:
        """Whether an image (height, width), from 0 to 1, looks like hardly any of them."""
        return self.can_tell and bool(self.nearest(image[np.newaxis])[0] < self.limit)

    @cached_property
    def _known(self) -> Array:
        return self._directions(_drawn(self.dataset.train_images, KNOWN))

    def _directions(self, images: Array) -> Array:
        """Return each image's ink, blurred and of length 1, (n, pixels)."""
        ink = (1 - images if self.is_light else images).astype(np.float32)
        blurred = extra("scipy.ndimage").gaussian_filter(ink, (0, BLUR, BLUR))
        rows: Array = blurred.reshape(len(images), -1)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(lengths > 0, lengths, 1)


def _drawn(images: Array, most: int) -> Array:
    """Return up to so many of the images, of all classes, from 0 to 1."""
    rows = np.random.default_rng(0).permutation(len(images))[:most]
    return images[rows] / np.float32(255)
