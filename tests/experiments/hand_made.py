"""Run folders made by hand: no training, and numbers that a test can know."""

import json

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from chainrule.data.dataset import MNIST


def run_of(optimizer, seed, test, val=0.9, *, rate=0.1, batch=64, diverged=False):
    """Return one entry of "runs", with only what a test cares about given."""
    stopped = {"step": 7, "layer": "layer 2, Dense(256, 128)"} if diverged else None
    curve = [None] if diverged else [0.5, 0.25]
    return {
        "lane": f"{optimizer}-lr{rate:g}-b{batch}-seed{seed}",
        "optimizer": optimizer,
        "learning_rate": rate,
        "batch_size": batch,
        "hidden": [5],
        "seed": seed,
        "status": "diverged" if diverged else "finished",
        "stopped": stopped,
        "test_accuracy": None if diverged else test,
        "test_loss": None if diverged else 0.125,
        "val_accuracy": None if diverged else val,
        "kept_epoch": None,
        "train_seconds": None if diverged else 1.5,
        "parameters_sha256": f"{seed:02d}" * 32,
        "history": {"loss": curve, "val_loss": curve},
        "confusion_matrix": None if diverged else [[1, 0], [0, 1]],
    }


def metrics_of(runs, *, source="path", data="auto", mnist=True, test=10_000):
    """Return what stands in metrics.json about these runs."""
    rates = {}
    for run in runs:
        rates.setdefault(run["optimizer"], {})[run["learning_rate"]] = None
    hashes = {name: known.sha256 if mnist else "0" * 64 for name, known in MNIST.items()}
    return {
        "schema": 1,
        "data": {
            "source": source,
            "sha256": hashes,
            "train": 12_345,
            "validation": 5_000,
            "test": test,
        },
        "settings": {
            "data": data,
            "learning_rates": {name: list(by_rate) for name, by_rate in rates.items()},
            "batch_sizes": sorted({run["batch_size"] for run in runs}),
            "seeds": sorted({run["seed"] for run in runs}),
            "hidden": [5],
            "epochs": 2,
            "train_size": None,
            "split_seed": 0,
            "threads": 1,
            "weight_decay": None,
            "momentum": None,
            "early_stopping": None,
            "distort": 0.0,
            "size": None,
            "crop": False,
        },
        "environment": {
            "python": "3.11.7",
            "numpy": "2.4.6",
            "blas": "openblas",
            "threads": 1,
            "cpu": "a processor",
        },
        "runs": runs,
        "summary": [],
    }


def save_metrics(folder, metrics):
    (folder / "metrics.json").write_text(json.dumps(metrics))


def save_picture(path, description):
    words = PngInfo()
    words.add_text("Description", description)
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(path, pnginfo=words)
