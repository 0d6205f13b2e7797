"""The targets of speed, checked against the medians."""

from dataclasses import dataclass

from benchmarks.results import best, of_case

EAGER = ("pytorch", "pytorch-default")
PYTORCH = (*EAGER, "pytorch-compiled")


@dataclass(frozen=True)
class Target:
    """A number that must not be larger than a limit.

    Attributes
    ----------
    what : str
        What the number is.
    limit : float
    row, case : str
        Where Chainrule is measured.
    against : tuple of str
        The peers of the same case whose quickest it is divided by; empty for the number itself.
    same_threads : bool
        Whether to compare at the number of threads at which Chainrule is best.
    unit : str
    ours : str
        Which form of Chainrule.
    """

    what: str
    limit: float
    row: str
    case: str
    against: tuple[str, ...] = ()
    same_threads: bool = False
    unit: str = ""
    ours: str = "chainrule"

    def value(self, lines):
        """Return the number, or None where it was not measured."""
        ours = best(lines, self.row, self._case(lines), self.ours)
        if ours is None or not self.against:
            return ours and ours["median"]
        rivals = [
            line["median"]
            for peer in self.against
            for line in of_case(lines, self.row, ours["case"], peer)
            if not self.same_threads or line["threads"] == ours["threads"]
        ]
        return ours["median"] / min(rivals) if rivals else None

    def _case(self, lines):
        """Return the case, or the one that begins with it: its end tells settings."""
        cases = {line["case"] for line in lines if line["row"] == self.row}
        begun = [case for case in cases if case.startswith(self.case)]
        return self.case if self.case in cases or len(begun) != 1 else begun[0]


def _targets():
    peers = ("scikit-learn", "pytorch", "jax", "keras")
    what = "time to 97 % from the start of a process: of the quickest peer"
    yield Target(what, 0.5, "quality", "Adam", peers)
    for name, jax_mark, floor in (("Adam", 1.15, 1.65), ("SGD", 1.0, 1.25)):
        yield Target(f"{name}, training: of PyTorch's quickest form", 0.75, "main", name, PYTORCH)
        yield Target(f"{name}, training: of scikit-learn", 0.5, "main", name, ("scikit-learn",))
        yield Target(f"{name}, training: of JAX, first mark", jax_mark, "main", name, ("jax",))
        yield Target(f"{name}, training: of JAX, goal", 0.8, "main", name, ("jax",))
        what = f"{name}, training, rules compiled: of JAX, goal"
        yield Target(what, 0.8, "main", name, ("jax",), ours="chainrule-fast")
        what = f"{name}, training: of the floor with as many threads"
        yield Target(what, floor, "main", name, ("floor",), same_threads=True)
    for form, words in (("chainrule", ""), ("chainrule, nothing drawn", ", nothing drawn")):
        what = f"compare from the shell{words}: of the quickest pair"
        yield Target(what, 1.15, "shell", "Adam and SGD", ("pytorch", "jax"), ours=form)
    for size, limit in (("16", 0.6), ("1", 0.9)):
        case = f", batches of {size}"
        yield Target(f"SGD{case}: of PyTorch eager", limit, "batch", f"SGD{case}", EAGER)
        what = f"Adam{case}: of PyTorch's default"
        yield Target(what, 1.0, "batch", f"Adam{case}", ("pytorch-default",))
    for row, case in (("batch", ", batches of 1,024"), ("width", ", width 2,048")):
        for name in ("Adam", "SGD"):
            what, case_of = f"{name}{case}, rules compiled: of PyTorch eager", f"{name}{case}"
            yield Target(what, 1.0, row, case_of, EAGER, ours="chainrule-fast")
    yield Target("one image", 25, "predict", "one image", unit=" µs")
    what = "10,000 images: of the floor with as many threads"
    yield Target(what, 1.15, "predict", "10,000 images", ("floor",), same_threads=True)
    what = "peak memory of compare on all images, the largest process"
    yield Target(what, 400, "memory", "chainrule compare", unit=" MB")


TARGETS = tuple(_targets())


def check_targets(lines):
    """Return what, target, value and met (None where not measured) for each target."""
    checked = []
    for target in TARGETS:
        value = target.value(lines)
        met = None if value is None else value <= target.limit
        checked.append(
            {"what": target.what, "target": target.limit, "value": value, "met": met}
            | {"unit": target.unit}
        )
    return checked
