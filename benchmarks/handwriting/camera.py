"""From what lies there to the bytes of an image file: lens, sensor, file format."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage


def photograph(scene, rng, *, blur=0.0, quality=None):
    """Return the bytes of a JPEG file: exposed, tinted by the lamp, a little blurred and noisy."""
    lamp = np.array([1, rng.uniform(0.94, 1), rng.uniform(0.82, 1.02)], np.float32)
    exposed = scene * (lamp * rng.uniform(0.8, 1.04))
    sigma = np.hypot(rng.uniform(0.4, 0.9), blur)
    for channel in range(3):
        ndimage.gaussian_filter(exposed[..., channel], sigma, output=exposed[..., channel])
    noise = rng.standard_normal(exposed.shape, np.float32)
    noise *= np.sqrt(3e-5 + 2e-4 * exposed.clip(0)) * rng.uniform(0.4, 1.4)
    quality = quality or int(rng.integers(82, 96))
    return encoded(bytes_of(exposed + noise), "JPEG", quality=quality), ".jpg"


def bytes_of(pixels):
    """Return pixels from 0 to 1 as bytes."""
    return np.rint(pixels.clip(0, 1) * 255).astype(np.uint8)


def encoded(pixels, form, **how):
    """Return the bytes of an image file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **how)
    return file.getvalue()
