"""What metrics.json must hold: read it back whole, or say where it is not."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.checks import ChainruleError
from chainrule.training import KEYS

SCHEMA = 1


class _Kind(NamedTuple):
    words: str
    types: type | tuple[type, ...]
    lowest: float = -sys.float_info.max
    highest: float = sys.float_info.max
    or_null: bool = False

    def fits(self, value: Any) -> bool:
        if value is None:
            return self.or_null
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return isinstance(value, self.types) and self.lowest <= value <= self.highest
        return isinstance(value, str) and self.types is str


_TEXT = _Kind("text", str)
_COUNT = _Kind("a whole number from 0 up", int, 0)
_COUNT_OR_NULL = _COUNT._replace(words="a whole number from 0 up, or null", or_null=True)
_NUMBER = _Kind("a number", (int, float))
_NUMBER_OR_NULL = _NUMBER._replace(words="a number or null", or_null=True)
_SHARE = _Kind("a number from 0 to 1", (int, float), 0, 1)
_EVERY_KEY = ""
_RUN = {
    "lane": _TEXT,
    "optimizer": _TEXT,
    "learning_rate": _NUMBER,
    "batch_size": _COUNT,
    "seed": _COUNT,
    "status": _TEXT,
    "test_loss": _NUMBER_OR_NULL,
    "train_seconds": _NUMBER_OR_NULL,
    "parameters_sha256": _TEXT,
    "history": {"loss": [_NUMBER_OR_NULL]},
}
_OF_STATUS: dict[str, dict[str, Any]] = {
    "finished": {
        "test_accuracy": _SHARE,
        "val_accuracy": _SHARE,
        "train_seconds": _NUMBER,
        "history": {"val_loss": [_NUMBER_OR_NULL]},
    },
    "diverged": {"stopped": {"step": _COUNT, "layer": _TEXT}},
}
# By the command that wrote the folder; train's may hold more, with defaults.
_SETTINGS: dict[str, dict[str, Any]] = {
    "compare": {
        "data": _TEXT,
        "learning_rates": {_EVERY_KEY: [_NUMBER]},
        "batch_sizes": [_COUNT],
        "seeds": [_COUNT],
        "hidden": [_COUNT],
        "epochs": _COUNT,
        "train_size": _COUNT_OR_NULL,
        "split_seed": _COUNT,
        "threads": _COUNT,
    },
    "train": {
        "data": _TEXT,
        "hidden": [_COUNT],
        "activation": _TEXT,
        "optimizer": _TEXT,
        "learning_rate": _NUMBER,
        "schedule": _TEXT,
        "dropout": _NUMBER,
        "epochs": _COUNT,
        "batch_size": _COUNT,
        "train_size": _COUNT_OR_NULL,
        "split_seed": _COUNT,
        "seed": _COUNT,
        "dtype": _TEXT,
        "threads": _COUNT,
    },
}
# What going on needs besides.
_ENVIRONMENT = {"threads": _COUNT, "numpy": _TEXT, "blas": _TEXT, "cpu": _TEXT}
_HISTORY = {"history": {key: [_NUMBER_OR_NULL] for key in KEYS}}
_GONE_ON: dict[str, dict[str, Any]] = {
    "finished": {**_HISTORY, "test_loss": _NUMBER, "confusion_matrix": [[_COUNT]]},
    "diverged": {
        **_HISTORY,
        "stopped": {"learning_rate": _NUMBER, "best_epoch": _COUNT_OR_NULL},
    },
}
_METRICS = {
    "data": {
        "source": _TEXT,
        "sha256": {_EVERY_KEY: _TEXT},
        "train": _COUNT,
        "validation": _COUNT,
        "test": _COUNT,
    },
    "settings": {},
    "environment": {"threads": _COUNT},
    "runs": [_RUN],
}


def checked_metrics(
    folder: Path, kind: str | None = "compare", *, to_go_on: bool = False
) -> dict[str, Any]:
    """Return what stands in the metrics.json of a run folder, once it is known to be whole.

    Parameters
    ----------
    folder : Path
    kind : str, optional
        The command that wrote it, compare or train; None takes either.
    to_go_on : bool
        Whether it must also hold what a run needs to go on.

    Raises
    ------
    ChainruleError
        If there is none, or it lacks something or holds something else.
    """
    path = Path(folder) / "metrics.json"
    try:
        metrics: dict[str, Any] = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except (FileNotFoundError, NotADirectoryError):
        raise ChainruleError(
            f"{folder} is not a run folder, for it holds no metrics.json: name a folder that "
            "'chainrule compare' or 'chainrule train' has written."
        ) from None
    except OSError as error:
        raise ChainruleError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"it is not JSON ({error})") from error
    _check_version(path, metrics)
    _check(path, metrics, _METRICS, "metrics")
    came = kind_of(metrics)
    if kind not in (None, came):
        raise ChainruleError(f"{folder} was written by 'chainrule {came}', not by {kind}.")
    _check(path, metrics["settings"], _SETTINGS[came], "metrics.settings")
    for i, run in enumerate(metrics["runs"]):
        _check_run(path, run, f"metrics.runs[{i}]")
        if to_go_on:
            _check(path, run, _GONE_ON[run["status"]], f"metrics.runs[{i}]")
    if to_go_on:
        _check(path, metrics["environment"], _ENVIRONMENT, "metrics.environment")
    return metrics


def kind_of(metrics: Mapping[str, Any]) -> str:
    """Return which command has written metrics.json: train or compare."""
    return "train" if "schedule" in metrics["settings"] else "compare"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _damaged(path: Path, reason: str) -> ChainruleError:
    return ChainruleError(
        f"{path} is not that of a comparison, or it is damaged: {reason}; restore the file, or run "
        "the comparison again."
    )


def _check_version(path: Path, metrics: Any) -> None:
    schema = metrics.get("schema") if isinstance(metrics, dict) else None
    if isinstance(schema, int) and schema > SCHEMA:
        raise ChainruleError(
            f"{path} has schema {schema}, and this Chainrule reads {SCHEMA}: upgrade Chainrule."
        )
    if schema != SCHEMA:
        raise _damaged(path, f"its schema must be {SCHEMA}, got {schema!r}")


def _check_run(path: Path, run: Mapping[str, Any], where: str) -> None:
    if run["status"] not in _OF_STATUS:
        raise _damaged(path, f"{where}.status must be finished or diverged, got {run['status']!r}")
    _check(path, run, _OF_STATUS[run["status"]], where)
    if run["status"] == "finished" and not run["history"]["val_loss"]:
        raise _damaged(path, f"{where}.history.val_loss must hold an epoch, got none")
    if Path(run["lane"]).name != run["lane"]:  # it names files
        raise _damaged(path, f"{where}.lane must be a plain name, got {run['lane']!r}")


def _check(path: Path, value: Any, wanted: Any, where: str) -> None:
    """Raise an error that says where `value` is not what is wanted."""
    if isinstance(wanted, _Kind):
        if not wanted.fits(value):
            raise _damaged(path, f"{where} must be {wanted.words}, got {value!r:.60}")
        return
    if not isinstance(value, type(wanted)):
        word = "an object" if isinstance(wanted, dict) else "a list"
        raise _damaged(path, f"{where} must be {word}, got {value!r:.60}")
    if isinstance(wanted, list):
        for i, item in enumerate(value):
            _check(path, item, wanted[0], f"{where}[{i}]")
        return
    for key in value if _EVERY_KEY in wanted else wanted:
        if key not in value:
            raise _damaged(path, f"{where} must hold {key!r}, got {', '.join(value) or 'nothing'}")
        _check(path, value[key], wanted.get(_EVERY_KEY) or wanted[key], f"{where}.{key}")
