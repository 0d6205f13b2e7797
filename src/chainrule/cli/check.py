"""``chainrule check``: prove the gradients of a network, and look at its health."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.checks import Array, ChainruleError, Integers
from chainrule.cli.shared import CHECK_SAID_NO, DONE, SOURCES, add_output_options, notice, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chainrule.data.dataset import Dataset
    from chainrule.network import Network
    from chainrule.proof.faults import Fault
    from chainrule.proof.verdicts import Audit, Verdict

PROOF_EXAMPLES, HEALTH_EXAMPLES = 64, 256
ALL = ""  # of --planted without a name
FACTS = ("name", "symptom", "origin", "explanation", "tool")  # of a planted bug, in its JSON


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "check",
        help="prove the gradients of a network, and look at its health",
        description="Compare every gradient of a model, or of the course's network before "
        "training, with the numerical gradient in float64, and look for what is legal and yet "
        "wrong. With --planted, let the tools find a bug that was planted.",
    )
    parser.set_defaults(run=_check)
    add = parser.add_argument
    add("model", metavar="MODEL", type=Path, nargs="?",
        help="a model file (.npz; default: the course's network before training)")  # fmt: skip
    add("--data", metavar="SOURCE",
        help=f"{SOURCES} (default: what the model was trained on, else auto)")  # fmt: skip
    add("--planted", metavar="NAME", nargs="?", const=ALL,
        help="judge the planted bug of that name; without a name, all of them")  # fmt: skip
    add_output_options(parser)


def _check(options: argparse.Namespace) -> int:
    if options.planted is None:
        return _check_network(options)
    if options.model is not None:
        raise ChainruleError(
            f"--planted brings its own network, got the model {options.model} as well: "
            "leave one of both out."
        )
    return _judge_all(options) if options.planted == ALL else _judge_planted(options)


# ---- a network ----


def _check_network(options: argparse.Namespace) -> int:
    import numpy as np

    from chainrule.proof import diagnosis
    from chainrule.proof.audit import audit

    network, X, y, dataset = (_model_network if options.model else _course_network)(options)
    with np.errstate(all="ignore"):  # a verdict tells of what is not finite
        labels = _any_labels(network, X)
        proof = audit(network, X[:PROOF_EXAMPLES], labels[:PROOF_EXAMPLES])
        verdicts = [
            diagnosis.diagnose_batch_law(network, X, labels),
            diagnosis.diagnose_dtype(network, X, y),
            diagnosis.diagnose_loss(network.loss),
        ]
        if network.optimizer is not None:
            verdicts.append(diagnosis.diagnose_optimizer(network.optimizer))
        verdicts += diagnosis.check_health(network, X, y)
    passed = proof.passed and all(verdict.passed for verdict in verdicts)
    result = {
        "model": options.model and str(options.model),
        "data": dataset.title,
        "passed": passed,
        "audit": asdict(proof, dict_factory=_without_nan),
        "checks": [asdict(verdict) for verdict in verdicts],
    }
    name = options.model or "The course's network before training"
    show(options, result, _lines(f"{name}, on {dataset.title}", proof, verdicts))
    return DONE if passed else CHECK_SAID_NO


def _course_network(options: argparse.Namespace) -> tuple[Network, Array, Integers, Dataset]:
    from chainrule.data.mnist import load_dataset
    from chainrule.data.preprocess import Standardisation
    from chainrule.network import COURSE_SIZES, create_network

    dataset = load_dataset(options.data or "auto", notice=notice(options.quiet))
    standardisation = Standardisation.of(dataset.train_images)
    X = standardisation.apply(dataset.train_images[:HEALTH_EXAMPLES])
    sizes = (X.shape[1], *COURSE_SIZES[1:-1], len(dataset.classes))
    return create_network("adam", sizes=sizes), X, dataset.train_labels[: len(X)], dataset


def _model_network(options: argparse.Namespace) -> tuple[Network, Array, Integers, Dataset]:
    from chainrule.experiments.run_folder import dataset_of_model
    from chainrule.reading.classifier import ImageClassifier

    classifier = ImageClassifier.load(options.model)
    dataset = dataset_of_model(classifier, options.data, notice(options.quiet))
    X = classifier.inputs(dataset.train_images[:HEALTH_EXAMPLES])
    y = classifier.outputs_of(dataset)[dataset.train_labels[: len(X)]]
    return classifier.network, X, y, dataset


def _any_labels(network: Network, X: Array) -> Integers:
    """Return labels at random: right for a proof, and no gradient vanishes in a trained model."""
    import numpy as np

    return np.random.default_rng(0).integers(0, network.forward(X[:1]).shape[1], len(X))


def _without_nan(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return fields by name, with None in place of each number that is not finite."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in fields}


def _lines(title: str, proof: Audit, verdicts: Sequence[Verdict]) -> list[str]:
    every = (proof.verdict, *verdicts)
    said = [f"{'ok' if one.passed else 'NO':<4}{one.tool}: {one}" for one in every]
    failed = sum(not one.passed for one in every)
    end = f"{failed} of {len(every)} checks failed." if failed else "All checks passed."
    return [title, "", proof.table, "", *said, "", end]


# ---- planted bugs ----


def _judge_planted(options: argparse.Namespace) -> int:
    from chainrule.proof.faults import find_fault

    fault = find_fault(options.planted)
    judged = _judged(fault)
    lines = [
        f"planted: {fault.explanation}",
        f"symptom: {fault.symptom}",
        *([f"origin:  {fault.origin}"] if fault.origin else []),
        f"tool:    {fault.tool}",
        "",
        f"{judged['cause'] or 'not found'}: {judged['verdict']}",
    ]
    show(options, judged, lines)
    return DONE if judged["passed"] else CHECK_SAID_NO


def _judge_all(options: argparse.Namespace) -> int:
    from chainrule.proof.faults import FAULTS

    judged = [_judged(fault) for fault in FAULTS.values()]
    lines = [
        f"{row['name']:<28}{row['tool']}\n  symptom  {row['symptom']}\n  verdict  {row['verdict']}"
        for row in judged
    ]
    found = sum(row["cause"] == row["name"] for row in judged)
    show(options, judged, [*lines, "", f"{found} of {len(judged)} planted bugs found and named."])
    return DONE if found == len(judged) else CHECK_SAID_NO


def _judged(fault: Fault) -> dict[str, Any]:
    verdict = fault.diagnose()
    facts = {key: getattr(fault, key) for key in FACTS} | {"origin": fault.origin or None}
    found = {"passed": verdict.passed, "cause": verdict.cause, "verdict": verdict.sentence}
    return facts | found
