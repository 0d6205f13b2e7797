"""From what lies there to the bytes of an image file: lens, sensor, file format."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmarks.handwriting.paper import texture


def photograph(scene, rng, *, blur=0.0, quality=None, larger=1):
    """Return a JPEG file: exposed, tinted by the lamp, a little blurred and noisy.

    Parameters
    ----------
    scene : array of float32, shape (height, width, 3)
    rng : numpy.random.Generator
    blur : float
        Pixels that the lens blurs by, above what every lens does.
    quality : int, optional
        Of the file, as Pillow has it; else as telephones choose it.
    larger : int
        How much more pixels a side the file has: telephones make them up, too.

    Returns
    -------
    (bytes, str)
        What the file holds, and its suffix.
    """
    lamp = np.array([1, rng.uniform(0.965, 1), rng.uniform(0.84, 1.02)], np.float32)
    exposed = scene * (lamp * rng.uniform(0.8, 1.04))
    sigma = np.hypot(rng.uniform(0.4, 0.9), blur)
    for channel in range(3):
        ndimage.gaussian_filter(exposed[..., channel], sigma, output=exposed[..., channel])
    noise = np.dstack([texture(exposed.shape[:2], rng, 0) for _ in range(3)])
    noise *= np.sqrt(3e-5 + 2e-4 * exposed.clip(0)) * rng.uniform(0.4, 1.4)
    quality = quality or int(rng.integers(82, 96))
    image = Image.fromarray(bytes_of(exposed + noise))
    if larger > 1:
        image = image.resize([larger * side for side in image.size], Image.BICUBIC)
    return encoded(image, "JPEG", quality=quality), ".jpg"


def bytes_of(pixels):
    """Return pixels from 0 to 1 as bytes."""
    return (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def encoded(image, form, **how):
    """Return the bytes of the file of an image."""
    file = io.BytesIO()
    image.save(file, form, **how)
    return file.getvalue()
