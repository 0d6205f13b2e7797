"""The rows: what is measured, in groups that can be asked for by name."""

import sys
from collections.abc import Collection
from dataclasses import dataclass, replace

from benchmarks.images import Images
from benchmarks.jobs import Job
from benchmarks.peers import PEERS

RATES = {"adam": 0.0005, "sgd": 0.05}
TITLES = {"adam": "Adam", "sgd": "SGD"}
COURSE = (256, 128, 64)
MOST = 10**9  # images: all there are
CLOSEST = ("chainrule", "chainrule-fast", "pytorch", "pytorch-default", "jax", "floor")

# (batch size, images, epochs) and (width, images, epochs), so that each takes a second or two
BATCHES = ((1, 4_000, 1), (16, 20_000, 2), (64, 20_000, 4), (256, 20_000, 6), (1_024, 20_000, 8))
WIDTHS = (
    (64, 20_000, 8),
    (128, 20_000, 6),
    (256, 20_000, 4),
    (512, 20_000, 2),
    (1_024, 20_000, 1),
    (2_048, 10_000, 1),
)


@dataclass(frozen=True)
class Plan:
    """What the command line asks for.

    Attributes
    ----------
    images : Images
    threads : tuple of int
        Every peer is measured with each.
    peers : tuple of str or None
        None takes those that suit the row.
    epochs : int or None
        Of the rows main, images and shell; None takes 20, 5 and 20.
    quick : bool
        Tiny work, to see whether everything runs.
    skipped : collection of str
        Peers that cannot run here.
    """

    images: Images
    threads: tuple[int, ...] = (1, 2)
    peers: tuple[str, ...] | None = None
    epochs: int | None = None
    quick: bool = False
    skipped: Collection[str] = ()

    def chosen(self, usual):
        """Return the peers of a row whose usual ones are given."""
        peers = usual if self.peers is None else self.peers
        return tuple(peer for peer in peers if peer not in self.skipped)

    def small(self, images, epochs):
        """Return images and epochs, or tiny numbers of them if it has to be quick."""
        return (min(images, 300), 1) if self.quick else (images, epochs)


def _training(plan, row, title, usual, optimizers=tuple(RATES), value="seconds", **settings):
    """Return a job for each optimizer, peer and number of threads."""
    images, epochs = plan.small(settings.pop("images"), settings.pop("epochs"))
    shared = {"batch_size": 64, "hidden": COURSE, "value": value, "epochs": epochs} | settings
    shared |= {"arrays": plan.images.arrays(images), "images": min(images, plan.images.most)}
    jobs = []
    for optimizer in optimizers:
        rate = RATES[optimizer]
        if optimizer == "sgd":  # as the batch shrinks, so does the step that stays stable
            rate *= min(1, shared["batch_size"] / 64)
        own = {"optimizer": optimizer, "learning_rate": rate}
        case = TITLES[optimizer] + title
        unit = {"seconds": "s", "peak_mb": "MB"}[value]
        jobs += [
            Job(row, case, peer, threads, "train", unit, shared | own)
            for peer in plan.chosen(usual)
            if PEERS[peer].trains and not (value == "peak_mb" and peer == "floor")
            for threads in plan.threads
        ]
    return jobs


def quality_row(plan):
    """Return the time from the start of a process to 97 % of the validation images."""
    jobs = []
    usual = ("chainrule", "chainrule-fast", "scikit-learn", "pytorch", "jax", "keras")
    for peer in plan.chosen(usual):
        for threads in plan.threads:
            words = ["-m", "benchmarks.quality", peer, "--data", plan.images.idx_folder()]
            words += ["--started", "STARTED", "--seed", "SEED", "--threads", str(threads)]
            words += ["--out", "OUT", *(["--epochs", "1", "--train-size", "300"] * plan.quick)]
            job = _command("quality", "Adam, from the start of a process", peer, words)
            jobs.append(replace(job, threads=threads))
    return jobs


def main_row(plan):
    """Return the course's job: 784-256-128-64-10, 20,000 images, batches of 64."""
    return _training(plan, "main", "", tuple(PEERS), images=20_000, epochs=plan.epochs or 20)


def batch_row(plan):
    """Return batches of 1 to 1,024 images."""
    jobs = []
    for size, images, epochs in BATCHES:
        work = {"images": images, "epochs": epochs, "batch_size": size}
        jobs += _training(plan, "batch", f", batches of {size:,}", CLOSEST, **work)
    return jobs


def width_row(plan):
    """Return networks of the course's shape whose first hidden layer has 64 to 2,048 units."""
    jobs = []
    for width, images, epochs in WIDTHS[:: 5 if plan.quick else 1]:
        hidden = (width, width // 2, width // 4)
        work = {"images": images, "epochs": epochs, "hidden": hidden}
        jobs += _training(plan, "width", f", width {width:,}", CLOSEST, **work)
    return jobs


def images_row(plan):
    """Return the course's network on all images."""
    usual = ("chainrule", "pytorch", "jax", "scikit-learn", "floor")
    return _training(plan, "images", ", all images", usual, images=MOST, epochs=plan.epochs or 5)


def predict_row(plan):
    """Return the prediction of one image and of 10,000."""
    usual = tuple(name for name in PEERS if PEERS[name].predicts)
    settings = {"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 64, "epochs": 1}
    settings |= {"hidden": COURSE, "arrays": plan.images.arrays(300 if plan.quick else 1_000)}
    return [
        Job("predict", case, peer, threads, "predict", unit, settings | {"images": images})
        for case, images, unit in (("one image", 1, "µs"), ("10,000 images", 10_000, "ms"))
        for peer in plan.chosen(usual)
        if PEERS[peer].predicts
        for threads in plan.threads
    ]


def import_row(plan):
    """Return what is waited for before anything happens: imports and help texts."""
    modules = ("chainrule", "numpy", "sklearn.neural_network", "onnxruntime", "torch", "jax")
    jobs = [_command("import", "import", "nothing: Python alone", ["-c", "pass"])]
    jobs += [_command("import", "import", name, ["-c", f"import {name}"]) for name in modules]
    helps = ("--help", "compare --help", "data status --help")
    return jobs + [
        _command("import", "help text", f"chainrule {text}", ["-m", "chainrule", *text.split()])
        for text in helps
    ]


def memory_row(plan):
    """Return the peak memory of an epoch on all images, and of each process of a comparison."""
    usual = ("chainrule", "pytorch", "pytorch-compiled", "jax", "keras", "scikit-learn", "course")
    work = {"images": MOST, "epochs": 1, "value": "peak_mb", "optimizers": ("adam",)}
    jobs = _training(plan, "memory", ", an epoch on all images", usual, **work)
    images, epochs = plan.small(plan.images.most, 2)
    command = [*_compare(plan, epochs), "--train-size", str(images)]
    case = "chainrule compare on all images, the largest process"
    return [*jobs, _command("memory", case, "chainrule", command, "MB")]


def shell_row(plan):
    """Return Adam and SGD from the shell to the end, in two processes of one thread each."""
    images, epochs = plan.small(20_000, plan.epochs or 20)
    case = f"Adam and SGD, {epochs} epochs, from the shell"
    size = ["--train-size", str(min(images, plan.images.most))]
    words = _compare(plan, epochs) + size
    jobs = [_command("shell", case, "chainrule", words)]
    bare = ["-m", "benchmarks.undrawn", *words[2:]]
    jobs.append(_command("shell", case, "chainrule, nothing drawn", bare))
    for peer in [peer for peer in ("pytorch", "jax") if peer in plan.chosen(PEERS)]:
        pair = ["-m", "benchmarks.pair", peer, "--data", plan.images.idx_folder()]
        pair += ["--epochs", str(epochs), "--seed", "SEED", "--out", "OUT", *size]
        jobs.append(_command("shell", case, peer, pair))
    return jobs


def dask_row(plan):
    """Return Adam and SGD from the shell, in two processes and on a Dask cluster of two workers."""
    images, epochs = plan.small(20_000, plan.epochs or 20)
    case = f"Adam and SGD, {epochs} epochs, lanes on a Dask cluster"
    words = [*_compare(plan, epochs), "--train-size", str(min(images, plan.images.most))]
    return [
        _command("dask", case, "chainrule", words),
        _command("dask", case, "chainrule, Dask", ["-m", "benchmarks.cluster", *words[2:]]),
    ]


def profile_row(plan):
    """Return where the time of a step goes, operation by operation."""
    jobs = _training(plan, "profile", "", ("chainrule",), images=20_000, epochs=1)
    ours = [job for job in jobs if job.peer == "chainrule"]
    return [replace(job, measure="profile", unit="µs") for job in ours]


def _compare(plan, epochs):
    command = ["-m", "chainrule", "compare", "--quiet", "--data", plan.images.idx_folder()]
    return [*command, "--epochs", str(epochs), "--seeds", "SEED", "--out", "OUT"]


def _command(row, case, peer, arguments, unit="s"):
    """Return a job that runs a whole process; SEED and OUT among its arguments are filled in."""
    return Job(row, case, peer, 1, "command", unit, {"command": [sys.executable, *arguments]})


ROWS = {
    "quality": quality_row,
    "main": main_row,
    "batch": batch_row,
    "width": width_row,
    "images": images_row,
    "predict": predict_row,
    "import": import_row,
    "memory": memory_row,
    "shell": shell_row,
    "dask": dask_row,
    "profile": profile_row,
}
