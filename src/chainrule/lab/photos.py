"""A picture that somebody gave, by button, drop or paste: read as `predict` reads it.

It is read from memory, and nothing of it is kept.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from chainrule.checks import Array, extra
from chainrule.data.pictures import read_photograph, read_scaled
from chainrule.lab.answers import network_asked, shrunk
from chainrule.lab.asked import Asked
from chainrule.lab.networks import UNKNOWN, Lab, LabNetwork
from chainrule.lab.words import library, said
from chainrule.reading.answer import Reading, read
from chainrule.reading.digits import doubts_of
from chainrule.reading.photograph import WORKING_SIDE, Strokes, smaller

LEAST_TURN = 0.3  # degrees: less is no turn
GIVEN_SIDE, STAGE_SIDE = 480, 240  # pixels of what is sent: the pad's size on a sharp screen
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's grey has it


class Upload(io.BytesIO):
    """A file that was sent; sentences call it by its name."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name

    def __str__(self) -> str:
        return self.name


def picture(lab: Lab, asked: Asked, content: bytes) -> dict[str, Any]:
    """Read the picture in a file, and show what happened to it on the way to each network.

    Raises
    ------
    ChainruleError
        If it cannot be read, in the sentence that `predict` has for it.
    """
    chosen, name = network_asked(lab, asked), str(asked.value("name"))
    if chosen.pictures == UNKNOWN:
        reading = _read_unprepared(chosen, Upload(content, name), lab.image_shape)
    else:
        reading = read(chosen.classifier, Upload(content, name))
    if reading.strokes is None:
        given = smaller(read_photograph(Upload(content, name), WORKING_SIDE), WORKING_SIDE)
        stages = [_stage("given", given)]
    else:
        given, stages = reading.strokes.picture, stages_of(reading.strokes)
    grey = np.rint(given @ LUMINANCE * 255).astype(np.uint8)
    of_network = doubts_of(reading.probabilities)
    doubts = [library(doubt) for doubt in reading.doubts if doubt not in of_network]
    if chosen.pictures == UNKNOWN:
        doubts.append(said("photo.unprepared"))
    return {
        "stages": stages,
        "digits": [{"image": one.ravel().tolist()} for one in reading.pictures],
        "raw": shrunk(grey, lab.image_shape).ravel().tolist(),
        "words": library(reading.remark) if reading.remark else None,
        "doubts": doubts,
        "networks": {id: _answer(one, reading) for id, one in lab.networks.items()},
    }


def _read_unprepared(chosen: LabNetwork, file: Upload, shape: tuple[int, int]) -> Reading:
    pictures = read_scaled(file, shape)[np.newaxis] / np.float32(255)
    probabilities = chosen.classifier.probabilities(pictures)
    return Reading(pictures, probabilities, chosen.classifier.classes, doubts_of(probabilities))


def _answer(network: LabNetwork, reading: Reading) -> dict[str, Any]:
    """Return what a network says of each digit, from left to right."""
    probabilities = network.classifier.probabilities(reading.pictures)
    own = Reading(reading.pictures, probabilities, network.classifier.classes)
    return {
        "text": own.text,
        "predicted": own.best,
        "probabilities": probabilities.tolist(),
        "doubts": list(map(library, doubts_of(probabilities))),
    }


def stages_of(strokes: Strokes) -> list[dict[str, Any]]:
    """Return a photograph's way to its ink: given, sheet, light and ink."""
    is_whole = smaller(strokes.picture, WORKING_SIDE).shape == strokes.sheet.shape
    sheet = [said("photo.sheet.whole" if is_whole else "photo.sheet.cut")]
    if abs(strokes.angle) > LEAST_TURN:
        sheet.append(said("photo.turned", angle=strokes.angle))
    ink = [said("photo.ground.dark" if strokes.light_on_dark else "photo.ground.light")]
    if strokes.lines:
        ink.append(said("photo.lines", n=strokes.lines))
    return [
        _stage("given", strokes.picture),
        _stage("sheet", strokes.sheet, *sheet),
        _stage("light", strokes.flat, said("photo.light")),
        _stage("ink", strokes.ink, *ink),
    ]


def _stage(name: str, picture: Array, *words: dict[str, Any]) -> dict[str, Any]:
    """Return a picture, one byte a pixel or three, no larger than the page shows it."""
    image = extra("PIL.Image").fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))
    side = GIVEN_SIDE if name == "given" else STAGE_SIDE
    image.thumbnail((side, side))
    return {
        "name": name,
        "width": image.width,
        "height": image.height,
        "channels": len(image.getbands()),
        "bytes": base64.b64encode(image.tobytes()).decode(),
        "words": list(words),
    }
