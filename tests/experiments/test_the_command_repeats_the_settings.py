import shlex
from dataclasses import asdict

import pytest

from chainrule import cli
from chainrule.experiments import compare as comparison
from chainrule.experiments.report import repeat_command

COURSE = {
    "data": "auto",
    "size": None,
    "crop": False,
    "learning_rates": {"adam": [0.0005], "sgd": [0.05]},
    "batch_sizes": [64],
    "seeds": [0],
    "hidden": [256, 128, 64],
    "epochs": 20,
    "train_size": None,
    "split_seed": 0,
    "threads": 1,
    "weight_decay": None,
    "momentum": None,
    "early_stopping": None,
    "distort": 0.0,
}


@pytest.fixture
def asked(monkeypatch):
    """Return a function that gives the settings which a command line asks for."""

    class Understood(Exception):
        pass

    def stop(settings, **_):
        raise Understood(settings)

    def ask(command):
        monkeypatch.setattr(comparison, "compare", stop)
        programme, *arguments = shlex.split(command)
        assert programme == "chainrule"
        with pytest.raises(Understood) as understood:
            cli.main(arguments)
        return asdict(understood.value.args[0])

    return ask


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"learning_rates": {"rmsprop": [1e-05, 0.1 + 0.2], "adamw": [1e20]}},
        {"seeds": [0, 1, 2, 3, 4]},
        {"seeds": [5, 6]},
        {"seeds": [3, 1, 2]},
        {"seeds": [0, 2, 4]},
        {"batch_sizes": [16, 64], "hidden": [7], "epochs": 1, "threads": 2, "split_seed": 9},
        {"train_size": 3000},
        {"weight_decay": 0.0, "momentum": 0.1 + 0.2, "early_stopping": 7, "distort": 0.5},
        {"distort": 1.0},
        {"distort": 0.7},
        {"data": "shapes & stripes; rm -rf $HOME"},
        {"data": "--data"},
        {"data": "pets", "size": [28, 20]},
        {"data": "pets", "size": [28, 20], "crop": True},
        {"data": 'it\'s "here"\n'},
    ],
)
def test_the_command_asks_for_the_same_settings(asked, other):
    settings = {**COURSE, **other}
    assert asked(repeat_command(settings)) == settings


def test_seeds_in_a_row_are_written_short():
    assert "--seeds 0..9 " in repeat_command({**COURSE, "seeds": list(range(10))})
