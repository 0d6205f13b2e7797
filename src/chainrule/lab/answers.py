"""The answers to the page, but for the walk back: each computed by the library."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import IO, Any

import numpy as np

from chainrule import __version__
from chainrule.checks import Array, Integers, extra
from chainrule.lab.asked import Asked
from chainrule.lab.networks import SCALED, UNKNOWN, Lab, LabNetwork
from chainrule.lab.pictures import rounded
from chainrule.lab.runs import is_of_run
from chainrule.lab.words import Refused, said
from chainrule.layers import Dense, ReLU
from chainrule.losses import softmax
from chainrule.network import Network
from chainrule.optimizers import OPTIMIZERS
from chainrule.reading.centring import Centring, centring
from chainrule.reading.digits import find_digits

LARGEST_DRAWING = 400  # pixels of a side
ENLARGED = 4  # times: a pixel of ink that is no line is no stroke either
LEAST_SHOWN = 0.005  # of a pixel: less is written as 0.00
MOST_IMAGES = 60  # in one answer
MOST_INDICES = 50
MOST_WRONG = 1000


def network_asked(lab: Lab, asked: Asked, name: str = "network") -> LabNetwork:
    """Return the network that a request names: one of the lab's, or what a run has at a step."""
    if name in asked and is_of_run(id := asked.value(name)):
        return lab.of_run(id)
    return lab.networks[asked.one_of(name, lab.networks)]


def image_asked(lab: Lab, asked: Asked) -> Array:
    """Return the image of a request as one row of pixels from 0 to 1, (1, pixels)."""
    return asked.numbers("image", lab.pixels, 0, 1)[np.newaxis].astype(np.float32)


# ---- what there is ----


def lab(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Say which data and networks there are."""
    dataset = lab.dataset
    return {
        "data": {
            "title": dataset.title,
            "is_sample": dataset.is_sample,
            "note": _note(lab),
            "test_images": len(dataset.test_images),
            "train_images": len(dataset.train_images),
            "image_shape": list(lab.image_shape),
            "ground": lab.ground,
            "are_digits": lab.are_digits,
        },
        "classes": [str(number) for number in dataset.classes],
        "version": __version__,
        "networks": [described(network) for network in lab.networks.values()],
        "coming": lab.coming or None,
        "pairs": [list(pair) for pair in lab.pairs],
        "rates": {name: rate for name, (_, rate) in OPTIMIZERS.items()},
    }


def _note(lab: Lab) -> dict[str, Any] | None:
    return said("facts.sample_help", data=lab.dataset.title) if lab.dataset.is_sample else None


def described(network: LabNetwork) -> dict[str, Any]:
    """Return what the page knows of a network."""
    return {
        "id": network.id,
        "title": network.title,
        "sizes": network.sizes,
        "parameters": int(network.network.parameters.size),
        "optimizer": network.optimizer,
        "test_accuracy": network.test_accuracy,
        "accuracy_words": network.accuracy_said,
        "pictures": network.pictures,
        "layers": layers_of(network.network),
    }


def layers_of(network: Network) -> list[dict[str, Any]]:
    """Return what each layer is, and how many features come in and go out."""
    described, width = [], 0
    for index, layer in enumerate(network):
        n_in, width = (layer.n_in, layer.n_out) if isinstance(layer, Dense) else (width, width)
        kind, words = type(layer).__name__, str(layer)
        described.append(
            {"index": index, "kind": kind, "n_in": n_in, "n_out": width, "words": words}
        )
    return described


def digit(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return one stored test image."""
    return stored(lab, asked.whole("index", 0, len(lab.images) - 1))


def digits(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return the first stored test images of a class."""
    label = asked.whole("label", 0, lab.last_class)
    return {
        "label": label,
        "indices": np.flatnonzero(lab.labels == label)[:MOST_INDICES].tolist(),
    }


def stored(lab: Lab, index: int) -> dict[str, Any]:
    """Return a stored test image with its label."""
    return {
        "index": index,
        "label": int(lab.labels[index]),
        "pixels": lab.images[index].tolist(),
    }


def weights(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return the parameters of a network, and what is done to the pixels before it."""
    network = network_asked(lab, asked)
    standardisation = network.classifier.standardisation
    layers = [
        {
            "kind": type(layer).__name__,
            "shape": [layer.n_in, layer.n_out] if isinstance(layer, Dense) else None,
            "weights": _written(layer.parameters.get("weights")),
            "biases": _written(layer.parameters.get("biases")),
        }
        for layer in network.network
    ]
    mean, std = (np.asarray(x).tolist() for x in (standardisation.mean, standardisation.std))
    return {"layers": layers, "mean": mean, "std": std, "image_shape": list(lab.image_shape)}


def _written(array: Array | None) -> list[float] | None:
    """Return numbers, flat; of float32 the nine digits that tell any two apart."""
    if array is None:
        return None
    flat = array.ravel() if array.dtype == np.float64 else rounded(array.ravel(), 9)
    return flat.tolist()


# ---- draw ----


def centre(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Prepare a drawing as the network's file says, such as into MNIST's form; show each step."""
    drawing, chosen = _drawing(asked), network_asked(lab, asked)
    if lab.ground == "light":
        drawing = 255 - drawing
    image = raw = shrunk(drawing, lab.image_shape)
    shown = []
    if chosen.pictures == SCALED:
        image = chosen.classifier.prepared(_as_file(drawing))
        drawn = drawing / np.float32(255)
        shown = [_stage("drawn", drawn, {}), _stage("scaled", image, {}, "as_pictures")]
    elif chosen.pictures != UNKNOWN:
        steps = _centring(drawing, is_light=lab.ground == "light")
        image, shown = steps.centred, stages(steps)
    return {"stages": shown, "image": image.ravel().tolist(), "raw": raw.ravel().tolist()}


def _centring(drawing: Any, is_light: bool) -> Centring:
    """Centre a drawing of the pad, whose ground is known even where its border is inked."""
    ground = 255 if is_light else 0
    steps = centring(np.pad(drawing, 1, constant_values=ground), light_on_dark=not is_light)
    return replace(steps, drawn=steps.drawn[1:-1, 1:-1])


def _as_file(drawing: Any) -> IO[bytes]:
    """Return a drawing as the image file that it might have come in."""
    file = io.BytesIO()
    extra("PIL.Image").fromarray(drawing).save(file, format="PNG")
    return file


def _drawing(asked: Asked) -> Any:
    width, height = (asked.whole(name, 1, LARGEST_DRAWING) for name in ("width", "height"))
    pixels = asked.numbers("pixels", width * height, 0, 255)
    if (pixels != np.rint(pixels)).any():
        raise Refused("refused.fractions")
    return pixels.astype(np.uint8).reshape(height, width)


def stages(steps: Centring) -> list[dict[str, Any]]:
    """Return the four pictures of a centring with their numbers, each in a sentence."""
    height, width = steps.cropped.shape
    longer_side = max(steps.scaled.shape)
    row, column = steps.offset
    numbers: dict[str, dict[str, Any]] = {
        "drawn": {"ink": int((steps.drawn > 0).sum())},
        "cropped": {"width": width, "height": height},
        "scaled": {"longer_side": longer_side, "factor": longer_side / max(height, width)},
        "centred": {"offset_rows": row, "offset_columns": column, "is_lopsided": steps.is_lopsided},
    }
    return [_stage(name, getattr(steps, name), facts) for name, facts in numbers.items()]


def _stage(
    name: str, picture: Array, numbers: dict[str, Any], key: str | None = None
) -> dict[str, Any]:
    size = {"width": picture.shape[1], "height": picture.shape[0]}
    key = key or ("lopsided" if numbers.get("is_lopsided") else name)
    off = {"off": _off(numbers)} if name == "centred" else {}
    return {
        "name": name,
        **size,
        "pixels": np.rint(picture * 255).astype(int).ravel().tolist(),
        "numbers": numbers,
        "words": said(f"draw.told.{key}", **size | numbers | off),
    }


def _off(numbers: dict[str, Any]) -> dict[str, Any]:
    """Say how far, and to which sides, the centre of mass is from the middle."""
    sides = (("offset_rows", "above", "below"), ("offset_columns", "left", "right"))
    parts = [
        said(f"draw.off.{after if numbers[name] > 0 else before}", pixels=abs(numbers[name]))
        for name, before, after in sides
        if abs(numbers[name]) >= LEAST_SHOWN
    ]
    if len(parts) == 2:
        return said("draw.off.two", rows=parts[0], columns=parts[1])
    return said("draw.off.one", by=parts[0]) if parts else said("draw.off.there")


def shrunk(drawing: Any, shape: tuple[int, int]) -> Array:
    """Return the means of a drawing's pixels, neither cropped nor centred, from 0 to 1.

    A drawing of other proportions is set in the middle of black ones that fit first.

    Parameters
    ----------
    drawing : ndarray of uint8, shape (height, width)
    shape : (int, int)
        Height and width of what comes out.

    Returns
    -------
    ndarray of float32, of that shape
    """
    pillow = extra("PIL.Image")
    factor = max(mine / its for mine, its in zip(drawing.shape, shape, strict=True))
    sides = zip(drawing.shape, shape, strict=True)
    around = [max(round(factor * its), mine) - mine for mine, its in sides]
    whole = np.pad(drawing.astype(np.float32), [(more // 2, more - more // 2) for more in around])
    small = pillow.fromarray(whole).resize(shape[::-1], pillow.Resampling.BOX)
    return np.asarray(small) / np.float32(255)


def forward(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return what every layer makes of an image, and the probabilities."""
    chosen = network_asked(lab, asked)
    outputs = chosen.network.activations(chosen.classifier.inputs(image_asked(lab, asked)))
    probabilities = softmax(outputs[-1])[0]
    layers = [
        {
            "index": layer["index"],
            "kind": layer["kind"],
            "words": layer["words"],
            "output": output[0].tolist(),
            "shape": [output.shape[1]],
        }
        for layer, output in zip(layers_of(chosen.network), outputs, strict=True)
    ]
    return {
        "probabilities": probabilities.tolist(),
        "predicted": int(probabilities.argmax()),
        "layers": layers,
        "logits": outputs[-1][0].tolist(),
    }


def doubt(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Say why a drawing may be nothing that the networks know, by its form; else None."""
    image = image_asked(lab, asked).reshape(lab.image_shape)
    parts, is_patch = form_of(image) if lab.are_digits and image.any() else (1, False)
    kind = None
    if parts > 1:
        kind = "several"
    elif is_patch:
        kind = "patch"
    elif lab.likeness.is_unlike(image):
        kind = "unlike"
    return {"doubt": kind and {"kind": kind, "parts": parts}}


def form_of(image: Array) -> tuple[int, bool]:
    """Return in how many digits the ink falls apart, and whether one is a patch and no stroke."""
    large = np.pad(np.kron(image, np.ones((ENLARGED, ENLARGED), np.float32)), ENLARGED)
    found = find_digits(large, noise=0)
    return len(found.inks), found.has_patch


def unit(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Take one unit apart, in float64: weight times input, sum, bias, and what follows."""
    chosen, image = network_asked(lab, asked), image_asked(lab, asked)
    network = chosen.network.astype(np.float64)
    index, layer = dense_asked(network, asked)
    j = asked.whole("unit", 0, layer.n_out - 1)
    outputs = network.activations(chosen.classifier.inputs(image))
    column, inputs = layer.weights[:, j], layer.x[0]
    products = column * inputs
    is_rectified = any(isinstance(other, ReLU) for other in network[index + 1 : index + 2])
    return {
        "weights": column.tolist(),
        "input": inputs.tolist(),
        "products": products.tolist(),
        "sum": float(products.sum()),
        "bias": float(layer.biases[j]),
        "z": float(outputs[index][0, j]),
        "relu": float(outputs[index + 1][0, j]) if is_rectified else None,
        "image_shape": list(lab.image_shape) if index == 0 else None,
        "dtype": str(network.dtype),
    }


def dense_asked(network: Network, asked: Asked) -> tuple[int, Dense]:
    """Return the Dense layer that a request names, and its index."""
    index = asked.whole("layer", 0, len(network) - 1)
    layer = network[index]
    if not isinstance(layer, Dense):
        dense = [i for i, other in enumerate(network) if isinstance(other, Dense)]
        raise Refused(
            "refused.dense", layers=", ".join(map(str, dense)), index=index, layer=str(layer)
        )
    return index, layer


# ---- mistakes ----


def confusion(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return how often each true class was taken for each class."""
    chosen = network_asked(lab, asked)
    judgement = chosen.judgement
    return {
        "matrix": judgement.matrix.tolist(),
        "count": int(judgement.matrix.sum()),
        "accuracy": judgement.accuracy,
        "title": chosen.title,
    }


def cell(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return the images of one cell of the confusion matrix; see `cell_of` for their order."""
    chosen = network_asked(lab, asked)
    true, predicted = (asked.whole(name, 0, lab.last_class) for name in ("true", "predicted"))
    return cell_of(lab, chosen, true, predicted, MOST_IMAGES)


def cell_of(lab: Lab, chosen: LabNetwork, true: int, predicted: int, most: int) -> dict[str, Any]:
    """Return how many images of one class were taken for another, and up to `most` of them.

    Of errors the surest come first, of what was read rightly the least sure.
    """
    within = np.flatnonzero((lab.labels == true) & (chosen.predicted == predicted))
    return {
        "count": len(within),
        "images": _in_order(lab, chosen, within, most, is_surest_first=true != predicted),
    }


def _in_order(
    lab: Lab,
    chosen: LabNetwork,
    rows: Integers,
    most: int = MOST_IMAGES,
    *,
    is_surest_first: bool = True,
) -> list[dict[str, Any]]:
    """Return up to `most` of the stored images by how sure the network is, and its two guesses."""
    confidence = chosen.probabilities.max(axis=1)
    key = -confidence[rows] if is_surest_first else confidence[rows]
    order = rows[np.argsort(key, kind="stable")][:most]
    second = np.argsort(chosen.probabilities[order], axis=1)[:, -2]
    return [
        {
            **stored(lab, int(row)),
            "predicted": int(chosen.predicted[row]),
            "confidence": float(confidence[row]),
            "second": int(guess),
            "second_confidence": float(chosen.probabilities[row, guess]),
        }
        for row, guess in zip(order, second, strict=True)
    ]


def wrong(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return the first test images that a network reads wrongly; if none, those barely right."""
    chosen = network_asked(lab, asked)
    rows = np.flatnonzero(chosen.predicted != lab.labels)
    if not len(rows):
        rows = np.argsort(chosen.probabilities.max(axis=1), kind="stable")
    return {"indices": rows[:MOST_WRONG].tolist()}


def difference(lab: Lab, asked: Asked) -> dict[str, Any]:
    """Return what the second network reads rightly where the first is wrong, and the reverse."""
    a, b = (network_asked(lab, asked, name) for name in ("a", "b"))
    right_a, right_b = (network.predicted == lab.labels for network in (a, b))
    fixed, broken = np.flatnonzero(~right_a & right_b), np.flatnonzero(right_a & ~right_b)
    both = {"predicted_a": a.predicted, "predicted_b": b.predicted}

    def shown(rows: Integers) -> list[dict[str, Any]]:
        return [
            image | {name: int(predicted[image["index"]]) for name, predicted in both.items()}
            for image in _in_order(lab, b, rows)
        ]

    return {
        "fixed": shown(fixed),
        "broken": shown(broken),
        "fixed_count": len(fixed),
        "broken_count": len(broken),
        "both_wrong": int((~right_a & ~right_b).sum()),
        "both_right": int((right_a & right_b).sum()),
    }
