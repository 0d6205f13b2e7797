"""The peers: who trains or predicts beside Chainrule, and what each needs.

Each is a module with a class ``Peer(work, **options)``:

- ``prepare()`` compiles and warms up, and leaves no trace in the weights; its time is told apart;
- ``train()`` does all epochs and returns the seconds from drawing the first order to the last
  update;
- ``predict(X)`` returns the classes.

For a latency, ``predictor(X)`` returns a function without arguments that predicts X, arguments in
the form that the peer likes best.
"""

import importlib.util
import shutil
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Description:
    """A peer as the command line and the tables know it.

    Attributes
    ----------
    label : str
        What tables and figure call it.
    module : str
        Its file in this folder.
    needs : tuple of str
        Modules that must be installed.
    options : dict
        Of its class ``Peer``.
    same_batches : bool
        Whether it trains on Chainrule's batches; else it draws its own order, with the seed.
    trains, predicts : bool
    """

    label: str
    module: str
    needs: tuple[str, ...] = ()
    options: dict = field(default_factory=dict)
    same_batches: bool = True
    trains: bool = True
    predicts: bool = False


PEERS = {
    "chainrule": Description("Chainrule", "ours", predicts=True),
    "chainrule-fast": Description(
        "Chainrule, rules compiled", "ours", ("numba",), {"compiled": True}
    ),
    "pytorch": Description("PyTorch, fused", "pytorch", ("torch",), {"fused": True}, predicts=True),
    "pytorch-default": Description("PyTorch, default", "pytorch", ("torch",), {"fused": False}),
    "pytorch-compiled": Description(
        "PyTorch, compiled", "pytorch", ("torch",), {"fused": True, "compiled": True}
    ),
    "jax": Description("JAX, epoch in one scan", "jax_scan", ("jax",), predicts=True),
    "keras": Description("Keras on JAX", "keras_fit", ("keras", "jax"), same_batches=False),
    "scikit-learn": Description(
        "scikit-learn", "scikit", ("sklearn",), same_batches=False, predicts=True
    ),
    "course": Description("the course's formulas", "course"),
    "onnxruntime": Description(
        "onnxruntime", "onnx_runtime", ("onnx", "onnxruntime"), trains=False, predicts=True
    ),
    "floor": Description("floor: products alone", "floor", predicts=True),
}


def reason_to_skip(name):
    """Return why a peer cannot run here, or None."""
    missing = [module for module in PEERS[name].needs if importlib.util.find_spec(module) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if PEERS[name].options.get("compiled") and not shutil.which("g++"):
        return "torch.compile needs g++, and there is none"
    return None


def peer_class(name):
    """Return the class of a peer; only then its library is imported."""
    return importlib.import_module(f"benchmarks.peers.{PEERS[name].module}").Peer
