"""``chainrule export``: a model in another format."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chainrule.checks import ChainruleError
from chainrule.cli.shared import (
    DONE,
    MODEL_HELP,
    add_output_options,
    is_same_file,
    model_file,
    notice,
    show,
)


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export",
        help="write a model in another format",
        description="Write a model as an ONNX file: raw pixels, float32 (batch, height, width) "
        "from 0 to 1, or the rows of a table, float32 (batch, columns), go in and probabilities "
        "come out. Or as a safetensors file: the weights with PyTorch's names and layout, for "
        "standardised pixels.",
    )
    parser.set_defaults(run=_export)
    add = parser.add_argument
    add("model", metavar="MODEL", type=Path, help=MODEL_HELP)
    add("--to", choices=("onnx", "safetensors"), default="onnx", help="default: onnx")
    add("--out", metavar="FILE", type=Path,
        help="default: beside the model, with .onnx or .safetensors")  # fmt: skip
    add_output_options(parser)


def _export(options: argparse.Namespace) -> int:
    options.model = model_file(options.model, notice(options.quiet))
    path = options.out or options.model.with_suffix(f".{options.to}")
    if is_same_file(path, options.model):
        raise ChainruleError(f"--out {path} would replace the model: name another file.")
    result, lines = {"onnx": _to_onnx, "safetensors": _to_safetensors}[options.to](options, path)
    show(options, {"model": str(options.model), "file": str(path), **result}, lines)
    return DONE


def _to_onnx(options: argparse.Namespace, path: Path) -> tuple[dict[str, Any], list[str]]:
    from chainrule.interop.onnx import OPSET, OUTPUT, export_onnx, input_of
    from chainrule.reading.classifier import ImageClassifier

    classifier = ImageClassifier.load(options.model, tables=True)
    if classifier.assumption:
        notice(options.quiet)(classifier.assumption)
    export_onnx(classifier, path)
    size = path.stat().st_size
    name, shape = input_of(classifier)
    numbers = "columns" if classifier.is_table else "pixels from 0 to 1"
    result = {
        "bytes": size,
        "opset": OPSET,
        "input": {"name": name, "shape": shape},
        "output": {"name": OUTPUT, "shape": ["batch", len(classifier.classes)]},
    }
    lines = [
        f"{path}: ONNX opset {OPSET}, {size / 1e6:.2f} MB",
        f"in:  {name}, float32 ({', '.join(map(str, shape))}), {numbers}",
        f"out: {OUTPUT}, float32 (batch, {len(classifier.classes)})",
    ]
    return result, lines


def _to_safetensors(options: argparse.Namespace, path: Path) -> tuple[dict[str, Any], list[str]]:
    from chainrule.interop.safetensors import export_safetensors, tensors_of
    from chainrule.reading.classifier import opened_model

    model = opened_model(options.model)
    export_safetensors(model, path)
    size = path.stat().st_size
    shapes = {name: list(tensor.shape) for name, tensor in tensors_of(model.network).items()}
    layers = ", ".join(map(str, model.network))
    lines = [
        f"{path}: safetensors, {model.network.dtype}, {size / 1e6:.2f} MB",
        *(f"{name:<10} {tuple(shape)}" for name, shape in shapes.items()),
        f"for a torch.nn.Sequential like {layers}",
    ]
    return {"bytes": size, "dtype": str(model.network.dtype), "tensors": shapes}, lines
