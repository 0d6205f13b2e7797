"""What an earlier Chainrule wrote can be read for ever; these files are never written anew."""

import json
from pathlib import Path

from chainrule import load_model

FIXTURES = Path(__file__).parent / "fixtures"


def test_a_model_of_version_1():
    model = load_model(FIXTURES / "model-1.npz")
    expected = json.loads((FIXTURES / "model-1.json").read_text())
    assert [repr(layer) for layer in model.network] == expected["layers"]
    assert model.network.parameters.tolist() == expected["parameters"]
    assert model.preprocessing == expected["preprocessing"]
    assert model.columns is None  # the key is younger
