"""Models as ONNX files: raw pixels, or a table's rows, go in and probabilities come out."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from chainrule import __version__
from chainrule.checks import Array, ChainruleError, extra
from chainrule.layers import Dense, Dropout, Layer, LeakyReLU, ReLU, Sigmoid, Tanh
from chainrule.reading.classifier import ImageClassifier
from chainrule.storage.files import write_whole
from chainrule.storage.models import parameters_sha256

OPSET = 17  # of 2022: every runtime in use reads it, and each operator here is older
IR_VERSION = 8  # the container of the same release, onnx 1.12
OUTPUT, BATCH = "probabilities", "batch"
OPERATORS = {ReLU: "Relu", LeakyReLU: "LeakyRelu", Sigmoid: "Sigmoid", Tanh: "Tanh"}


def export_onnx(classifier: ImageClassifier, path: str | os.PathLike[str]) -> None:
    """Write a model as an ONNX file, whole or not at all.

    The graph takes ``images``, float32 (batch, height, width), raw pixels from 0 to 1, or
    ``rows``, float32 (batch, columns), of a table; it gives ``probabilities``, float32 (batch,
    classes). Standardisation is part of it, Dropout is not; a float64 network is rounded to
    float32.

    Parameters
    ----------
    classifier : ImageClassifier
    path : str or path
        An older file is replaced.

    Raises
    ------
    ChainruleError
        If onnx is not installed, or the file cannot be written.
    """
    write_whole(path, onnx_model(classifier).SerializeToString(), "ONNX")


def input_of(classifier: ImageClassifier) -> tuple[str, list[int | str]]:
    """Return name and shape of what the graph takes."""
    if classifier.is_table:
        return "rows", [BATCH, classifier.pixels]
    return "images", [BATCH, *(classifier.image_shape or (classifier.pixels,))]


def onnx_model(classifier: ImageClassifier) -> Any:
    """Return the ``onnx.ModelProto`` that `export_onnx` writes, checked by ``onnx.checker``."""
    onnx = extra("onnx", "onnx")
    graph = _Graph(onnx)
    name, shape = input_of(classifier)
    go_in = "Rows of a table" if classifier.is_table else "Raw pixels from 0 to 1"
    rows = graph.add("Flatten", name, axis=1)  # (batch, height, width) -> (batch, pixels)
    result = _standardised(graph, rows, classifier)
    for layer in classifier.network:
        result = _layer(graph, result, layer)
    graph.add("Softmax", result, output=OUTPUT, axis=1)
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            "chainrule",
            [graph.value(name, shape)],
            [graph.value(OUTPUT, [BATCH, len(classifier.classes)])],
            graph.constants,
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="chainrule",
        producer_version=__version__,
        doc_string=f"{go_in} go in, probabilities of the classes come out.",
    )
    properties = {
        "classes": json.dumps(classifier.classes),
        "parameters_sha256": parameters_sha256(classifier.network),
        "trained_on": classifier.trained_on,
    }
    if classifier.columns:
        properties["columns"] = json.dumps(classifier.columns)
    onnx.helper.set_model_props(model, properties)
    onnx.checker.check_model(model, full_check=True)
    return model


class _Graph:
    """Nodes and constants, each named after its place."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        name = output or f"{len(self.nodes)}.{operator}"
        node = self.onnx.helper.make_node(operator, list(inputs), [name], name, **attributes)
        self.nodes.append(node)
        return name

    def constant(self, name: str, values: Array) -> str:
        """Add an array as float32; return its name."""
        array = np.asarray(values, np.float32)
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def value(self, name: str, shape: list[int | str]) -> Any:
        """Return the description of an input or output."""
        return self.onnx.helper.make_tensor_value_info(name, self.onnx.TensorProto.FLOAT, shape)


def _standardised(graph: _Graph, rows: str, classifier: ImageClassifier) -> str:
    """Subtract the mean and divide by the deviation; a pixel that never varied becomes 0."""
    standardisation = classifier.standardisation
    mean, std = (np.asarray(x, np.float32) for x in (standardisation.mean, standardisation.std))
    centred = graph.add("Sub", rows, graph.constant("mean", mean))
    factor = np.divide(1, std, out=np.zeros_like(std), where=std > 0)
    return graph.add("Mul", centred, graph.constant("one_over_std", factor))


def _layer(graph: _Graph, x: str, layer: Layer) -> str:
    """Add one layer that reads `x`; return the name of its output."""
    if isinstance(layer, Dense):
        place = len(graph.nodes)
        weights = graph.constant(f"{place}.weights", layer.weights)
        return graph.add("Gemm", x, weights, graph.constant(f"{place}.biases", layer.biases))
    if isinstance(layer, Dropout):
        return x  # the identity, once training is over
    if type(layer) not in OPERATORS:
        raise ChainruleError(
            f"{layer} has no operator in ONNX that Chainrule knows: export a network of "
            "Dense, ReLU, LeakyReLU, Sigmoid, Tanh and Dropout."
        )
    attributes: dict[str, Any] = {"alpha": layer.slope} if isinstance(layer, LeakyReLU) else {}
    return graph.add(OPERATORS[type(layer)], x, **attributes)
