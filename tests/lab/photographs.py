"""Photographs for the lab, drawn here: digits on a grey sheet, lit from one side."""

import io

import numpy as np
from PIL import Image


def photograph(lab, *labels):
    """Return the picture of a number, written with stored digits: grey, (480, 640)."""
    light = np.linspace(0.95, 0.6, 640)
    sheet = np.ones((480, 640)) * light
    for place, label in enumerate(labels):
        digit = lab.images[np.flatnonzero(lab.labels == label)[1]].reshape(28, 28)
        large = np.asarray(Image.fromarray(digit).resize((140, 140), Image.BICUBIC)) / 255
        left = 320 - 55 * len(labels) + 110 * place
        sheet[160:300, left : left + 140] *= 1 - 0.85 * large
    noise = np.random.default_rng(0).normal(0, 0.01, sheet.shape)
    return np.rint(np.clip(sheet + noise, 0, 1) * 255).astype(np.uint8)


def as_file(picture, form="PNG", **how):
    """Return a picture as what stands in a file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format=form, **how)
    return file.getvalue()
