"""Time to quality: from the start of a process to a network that is right often enough.

A peer trains the course's network with Adam at 0.001 on all of MNIST but 5,000 validation images,
in batches of 64. After each epoch it predicts those; it ends at the second mark. All that a
newcomer waits for is in the time: Python's start, imports, reading, compiling, validation.

Run: python -m benchmarks.quality jax --data FOLDER --started SECONDS --out FOLDER
"""

import argparse
import json
import sys
import time
from pathlib import Path

MARKS = (0.97, 0.975)  # of the validation images
VALIDATION = 5_000
RATE, BATCH, HIDDEN = 0.001, 64, (256, 128, 64)


def main():
    """Train until the last mark, and leave in metrics.json when each was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality")
    add = parser.add_argument
    add("peer")
    add("--data", type=Path, required=True, help="folder with the four IDX files, gzip")
    add("--started", type=float, required=True, help="time.monotonic() when the process started")
    add("--out", type=Path, required=True, help="folder to write metrics.json into")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=1)
    add("--epochs", type=int, default=20, help="at most")
    add("--train-size", type=int, help="of the images beside the validation set")
    options = parser.parse_args()
    reached, accuracies = train(options)
    options.out.mkdir(parents=True, exist_ok=True)
    facts = {"seconds_to": reached, "val_accuracies": accuracies}
    (options.out / "metrics.json").write_text(json.dumps(facts))
    return 0


def train(options):
    """Return the seconds to each mark that was reached, and the accuracy after each epoch."""
    from benchmarks.pair import read_images
    from benchmarks.peers import PEERS, peer_class
    from benchmarks.work import Work

    X, y, _, _ = read_images(options.data, None, seed=0)
    validation = min(VALIDATION, len(X) // 12)
    X_val, y_val = X[:validation], y[:validation]
    rows = slice(validation, options.train_size and validation + options.train_size)
    work = Work(
        X[rows],
        y[rows],
        X_val,
        y_val,
        sizes=[X.shape[1], *HIDDEN, int(y.max()) + 1],
        optimizer="adam",
        learning_rate=RATE,
        batch_size=BATCH,
        epochs=1,
        seed=options.seed,
        threads=options.threads,
    )
    peer = peer_class(options.peer)(work, **PEERS[options.peer].options)
    # JAX compiles a function that predicts: once.
    predict = peer.predictor(X_val) if options.peer == "jax" else lambda: peer.predict(X_val)
    reached, accuracies = {}, []
    for epoch in range(options.epochs):
        peer.train(range(epoch, epoch + 1))
        accuracies.append(float((predict() == y_val).mean()))
        seconds = time.monotonic() - options.started
        for mark in MARKS:
            if accuracies[-1] >= mark:
                reached.setdefault(f"{mark:.1%}", seconds)
        if len(reached) == len(MARKS):
            break
    return reached, accuracies


if __name__ == "__main__":
    sys.exit(main())
