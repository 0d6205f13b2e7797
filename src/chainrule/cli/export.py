"""``chainrule export``: a model in another format."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chainrule.checks import ChainruleError
from chainrule.cli.shared import DONE, add_output_options, notice, show


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export",
        help="write a model in another format",
        description="Write a model as an ONNX file: raw pixels, float32 (batch, height, width) "
        "from 0 to 1, go in and probabilities come out.",
    )
    parser.set_defaults(run=_export)
    parser.add_argument("model", metavar="MODEL", type=Path, help="a model file (.npz)")
    parser.add_argument("--to", choices=("onnx",), default="onnx", help="default: onnx")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help="default: beside the model, with .onnx"
    )
    add_output_options(parser)


def _export(options: argparse.Namespace) -> int:
    from chainrule.experiments.classifier import ImageClassifier
    from chainrule.interop.onnx import INPUT, OPSET, OUTPUT, export_onnx

    classifier = ImageClassifier.load(options.model)
    path = options.out or options.model.with_suffix(".onnx")
    if path.exists() and path.samefile(options.model):
        raise ChainruleError(f"--out {path} would replace the model: name another file.")
    if not classifier.is_standardised:
        notice(options.quiet)(
            f"{options.model} names no preprocessing: pixels go in as they are, from 0 to 1."
        )
    export_onnx(classifier, path)
    size = path.stat().st_size
    shape = [*(classifier.image_shape or (classifier.pixels,))]
    show(
        options,
        {
            "model": str(options.model),
            "file": str(path),
            "bytes": size,
            "opset": OPSET,
            "input": {"name": INPUT, "shape": ["batch", *shape]},
            "output": {"name": OUTPUT, "shape": ["batch", len(classifier.classes)]},
        },
        [
            f"{path}: ONNX opset {OPSET}, {size / 1e6:.2f} MB",
            f"in:  {INPUT}, float32 ({', '.join(map(str, ['batch', *shape]))}), pixels from 0 to 1",
            f"out: {OUTPUT}, float32 (batch, {len(classifier.classes)})",
        ],
    )
    return DONE
