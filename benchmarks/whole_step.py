"""A trial that was not taken up: the whole step of the course's network, compiled by Numba.

    python -m benchmarks.whole_step --threads 1

It does what `train_network` does in a step: gathers the batch, fills the gradients, counts right
answers, looks before the update whether loss and gradients are finite, and takes the smaller last
batch. With two threads each takes half of the batch and then half of the parameters, with
single-threaded BLAS; they wait for each other asleep, for threads that spin are many times slower
beside other programmes. Chainrule's own forms and JAX take turns with it, an epoch each, in
processes that have been prepared. docs/performance.md says what came of it.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import threading
import time

import numpy as np

from benchmarks.processes import environment_of

IMAGES, BATCH, SIZES = 20_000, 64, (784, 256, 128, 64, 10)
RATES = {"adam": 0.0005, "sgd": 0.05}
FORMS = ("whole step compiled", "rules compiled", "NumPy", "JAX")


def main():
    """Read the command line; measure, or be one of the processes that are measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_step")
    parser.add_argument("--threads", type=int, default=1, choices=(1, 2))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--form", choices=FORMS, help="train an epoch for each line on stdin")
    parser.add_argument("--optimizer", choices=RATES)
    options = parser.parse_args()
    if options.form:
        serve(options)
        return
    for optimizer in RATES:
        seconds = measured(optimizer, options)
        jax = statistics.median(seconds["JAX"])
        for form, times in seconds.items():
            median = statistics.median(times)
            print(f"{optimizer}, {options.threads} threads: {form:<20} {median:.3f} s an epoch, "
                  f"{median / jax:.2f} of JAX")  # fmt: skip


def measured(optimizer, options):
    """Return the seconds of an epoch of each form, which take turns."""
    words = ["--optimizer", optimizer, "--threads", str(options.threads)]
    started = {
        form: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.whole_step", *words, "--form", form],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment_of(options.threads),
        )
        for form in FORMS
    }
    seconds = {form: [] for form in FORMS}
    for process in started.values():
        ask(process)  # to warm up
    for _ in range(options.rounds):
        for form, process in started.items():
            seconds[form].append(ask(process))
    for process in started.values():
        process.communicate()
    return seconds


def ask(process):
    """Let a process train an epoch; return its seconds."""
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def serve(options):
    """Train an epoch for each line, and print its seconds."""
    from benchmarks.work import Work

    rng = np.random.default_rng(0)
    X = rng.standard_normal((IMAGES, SIZES[0]), np.float32)
    y = rng.integers(0, SIZES[-1], IMAGES)
    optimizer = options.optimizer
    work = Work(X, y, X, y, SIZES, optimizer, RATES[optimizer], BATCH, 1, 0, options.threads)
    if options.form == "whole step compiled":
        train = WholeStep(work).train
    elif options.form == "JAX":
        from benchmarks.peers.jax_scan import Peer

        train = Peer(work).train
    else:
        from benchmarks.peers.ours import Peer

        train = Peer(work, compiled=options.form == "rules compiled").train
    for _ in sys.stdin:
        print(train(), flush=True)


class WholeStep:
    """The course's network, with an epoch that Numba has compiled but for the order."""

    def __init__(self, work):
        from threadpoolctl import threadpool_limits

        from chainrule import create_network

        self.kernels = compiled_kernels()
        threadpool_limits(1)  # of BLAS; the threads are the trial's own
        self.work = work
        self.network = create_network(rng=work.seed)
        size = self.network.parameters.size
        self.m, self.v, self.t = np.zeros(size, np.float32), np.zeros(size, np.float32), 0
        self.gradients = [np.zeros(size, np.float32) for _ in range(work.threads)]
        self.half = -(-BATCH // work.threads)
        self.arrays = [
            [np.zeros((self.half, n), np.float32) for n in (*SIZES, *SIZES[1:])]
            for _ in range(work.threads)
        ]

    def train(self):
        """Train an epoch; return its seconds."""
        started = time.perf_counter()
        batches = self.work.batches(0)
        barrier = threading.Barrier(self.work.threads)
        self.sums = np.zeros((self.work.threads, 3))
        others = [
            threading.Thread(target=self._run, args=(place, batches, barrier))
            for place in range(1, self.work.threads)
        ]
        for other in others:
            other.start()
        self._run(0, batches, barrier)
        for other in others:
            other.join()
        return time.perf_counter() - started

    def _run(self, place, batches, barrier):
        """Do one thread's part of every step."""
        gradient, squares, move = self.kernels
        theta, threads = self.network.parameters, self.work.threads
        part = -(-theta.size // threads)
        mine = slice(place * part, (place + 1) * part)
        other = self.gradients[1 - place] if threads == 2 else self.gradients[0][:0]
        for step, batch in enumerate(batches, self.t + 1):
            rows = batch[place * self.half : (place + 1) * self.half]
            loss, right = gradient(
                self.work.X_train, self.work.y_train, rows, len(batch), theta,
                self.gradients[place], *self.arrays[place],
            )  # fmt: skip
            if threads == 2:
                barrier.wait()
            total = squares(self.gradients[place][mine], other[mine])
            self.sums[place] = loss, right, total
            if threads == 2:
                barrier.wait()  # nobody moves before all is known to be finite
            if not np.isfinite(self.sums).all():
                raise ArithmeticError(f"step {step}")
            first, second = 1 - 0.9**step, math.sqrt(1 - 0.999**step)
            adam = self.work.optimizer == "adam"
            rate = self.work.learning_rate * (second / first if adam else 1)
            move(adam, theta[mine], self.gradients[place][mine], self.m[mine], self.v[mine],
                 np.float32(rate), np.float32(1e-8 * second))  # fmt: skip
            if threads == 2:
                barrier.wait()
        if place == 0:
            self.t += len(batches)


def compiled_kernels():
    """Return the gradient of some rows, the sum of its squares, and the update."""
    from numba import njit

    @njit(nogil=True, error_model="numpy")
    def gradient(X, y, rows, count, theta, g, x, a1, a2, a3, a4, d1, d2, d3, d4):
        n = len(rows)
        x, a1, a2, a3, a4 = x[:n], a1[:n], a2[:n], a3[:n], a4[:n]
        d1, d2, d3, d4 = d1[:n], d2[:n], d3[:n], d4[:n]
        for i in range(n):
            x[i] = X[rows[i]]
        s1, s2 = 784 * 256, 784 * 256 + 256 * 128
        s3 = s2 + 128 * 64
        s4 = s3 + 64 * 10
        W1, W2 = theta[:s1].reshape(784, 256), theta[s1:s2].reshape(256, 128)
        W3, W4 = theta[s2:s3].reshape(128, 64), theta[s3:s4].reshape(64, 10)
        biases, at = theta[s4:], g[s4:]
        np.dot(x, W1, a1)
        add(a1, biases[:256], True)
        np.dot(a1, W2, a2)
        add(a2, biases[256:384], True)
        np.dot(a2, W3, a3)
        add(a3, biases[384:448], True)
        np.dot(a3, W4, a4)
        add(a4, biases[448:], False)
        loss, right = 0.0, 0
        for i in range(n):
            label, top, total = y[rows[i]], a4[i].max(), np.float32(0)
            right += a4[i].argmax() == label
            for j in range(10):
                d4[i, j] = np.exp(a4[i, j] - top)
                total += d4[i, j]
            loss += np.log(total) - (a4[i, label] - top)
            for j in range(10):
                d4[i, j] /= total
            d4[i, label] -= np.float32(1)
            for j in range(10):
                d4[i, j] /= np.float32(count)
        np.dot(a3.T, d4, g[s3:s4].reshape(64, 10))
        column_sums(d4, at[448:])
        np.dot(d4, W4.T, d3)
        mask(d3, a3)
        np.dot(a2.T, d3, g[s2:s3].reshape(128, 64))
        column_sums(d3, at[384:448])
        np.dot(d3, W3.T, d2)
        mask(d2, a2)
        np.dot(a1.T, d2, g[s1:s2].reshape(256, 128))
        column_sums(d2, at[256:384])
        np.dot(d2, W2.T, d1)
        mask(d1, a1)
        np.dot(x.T, d1, g[:s1].reshape(784, 256))
        column_sums(d1, at[:256])
        return loss, right

    @njit(nogil=True, error_model="numpy")
    def add(a, biases, relu):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                value = a[i, j] + biases[j]
                a[i, j] = max(value, np.float32(0)) if relu else value

    @njit(nogil=True, error_model="numpy")
    def mask(d, a):
        for i in range(d.shape[0]):
            for j in range(d.shape[1]):
                d[i, j] = d[i, j] if a[i, j] > 0 else np.float32(0)

    @njit(nogil=True, error_model="numpy")
    def column_sums(d, out):
        out[:] = 0
        for i in range(d.shape[0]):
            for j in range(d.shape[1]):
                out[j] += d[i, j]

    @njit(nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})
    def squares(g, other):
        total = np.float32(0)
        for i in range(len(g)):
            if len(other):
                g[i] += other[i]
            total += g[i] * g[i]
        return total

    @njit(nogil=True, error_model="numpy")
    def move(adam, theta, g, m, v, rate, epsilon):
        for i in range(len(theta)):
            if adam:
                m[i] = np.float32(0.9) * m[i] + np.float32(0.1) * g[i]
                v[i] = np.float32(0.999) * v[i] + np.float32(0.001) * g[i] * g[i]
                theta[i] -= rate * m[i] / (np.sqrt(v[i]) + epsilon)
            else:
                theta[i] -= rate * g[i]

    return gradient, squares, move


if __name__ == "__main__":
    main()
