"""The two trainings of `chainrule compare`, Adam and SGD, done by a peer from the shell.

Two processes of one thread each, started at once, as `compare` has its lanes. What takes time in
them: start-up, reading and standardising the images, compiling, training, test accuracy. They
check no data, draw no figure and write no report: the peer is spared that.

Run: python -m benchmarks.pair pytorch --data FOLDER --out FOLDER
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

OPTIMIZERS = {"adam": 0.0005, "sgd": 0.05}


def main():
    """Start both trainings, wait for them, and leave their accuracies in metrics.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pair")
    add = parser.add_argument
    add("peer", choices=["pytorch", "jax"])
    add("--data", type=Path, required=True, help="folder with the four IDX files, gzip")
    add("--out", type=Path, required=True, help="folder to write metrics.json into")
    add("--epochs", type=int, default=20)
    add("--seed", type=int, default=0)
    add("--train-size", type=int, default=20_000)
    add("--only", choices=OPTIMIZERS, help="train with this optimizer, in this process")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(train(options)))
        return 0
    processes = [_start(name) for name in OPTIMIZERS]
    answers = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    runs = [json.loads(answer.splitlines()[-1]) for answer in answers]
    (options.out / "metrics.json").write_text(json.dumps({"runs": runs}))
    return 0


def _start(optimizer):
    command = [sys.executable, "-m", "benchmarks.pair", *sys.argv[1:], "--only", optimizer]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def train(options):
    """Train and test in this process; return what metrics.json says of a run."""
    import numpy as np

    from benchmarks.peers import PEERS, peer_class
    from benchmarks.work import Work

    X_train, y_train, X_test, y_test = read_images(options.data, options.train_size, options.seed)
    work = Work(
        X_train,
        y_train,
        X_test,
        y_test,
        sizes=[X_train.shape[1], 256, 128, 64, int(y_train.max()) + 1],
        optimizer=options.only,
        learning_rate=OPTIMIZERS[options.only],
        batch_size=64,
        epochs=options.epochs,
        seed=options.seed,
        threads=1,
    )
    peer = peer_class(options.peer)(work, **PEERS[options.peer].options)
    peer.train()
    accuracy = float(np.mean(peer.predict(X_test) == y_test))
    return {"optimizer": options.only, "test_accuracy": accuracy}


def read_images(folder, train_size, seed):
    """Return standardised float32 images and labels: `train_size` to train on, and all tests.

    None takes all.
    """
    import gzip

    import numpy as np

    def pixels(name, header):
        data = gzip.decompress((folder / f"{name}.gz").read_bytes())
        return np.frombuffer(data, np.uint8, offset=header)

    y_train = pixels("train-labels-idx1-ubyte", 8).astype(np.int64)
    y_test = pixels("t10k-labels-idx1-ubyte", 8).astype(np.int64)
    X_train = pixels("train-images-idx3-ubyte", 16).reshape(len(y_train), -1)
    X_test = pixels("t10k-images-idx3-ubyte", 16).reshape(len(y_test), -1)
    rows = np.random.default_rng(seed).permutation(len(y_train))[:train_size]
    # Mean and deviation of all training pixels, from how often each of the 256 values occurs
    counts, values = np.bincount(X_train.ravel(), minlength=256), np.arange(256)
    mean = counts @ values / X_train.size
    std = np.sqrt(counts @ (values - mean) ** 2 / X_train.size)
    table = ((values - mean) / std).astype(np.float32)
    return table[X_train[rows]], y_train[rows], table[X_test], y_test


if __name__ == "__main__":
    sys.exit(main())
