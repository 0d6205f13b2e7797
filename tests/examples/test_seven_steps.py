"""The seven programmes: small steps, right shapes, kept numbers, the losses of the library."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from printed_numbers import agree
from seven import (
    CLAIM,
    FOLDER,
    IN_FLOAT32,
    NAMES,
    WITH_IMAGES,
    Watch,
    changed_lines,
    code_of,
    digits,
    run,
    short,
    source_of,
)

from chainrule import Dense, Network, ReLU, create_network, mean_squared_error, train_batch
from chainrule.training import epoch_batches

COURSE = Path(__file__).parents[3] / "shared" / "course.md"
SHAPES = (Path(__file__).parent / "shapes.txt").read_text(encoding="utf-8")
each_programme = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def real_digits(request):
    """Skip what reads images where there is no MNIST."""
    parameters = getattr(request.node, "callspec", None)
    if parameters and parameters.params.get("name") in WITH_IMAGES:
        request.getfixturevalue("mnist_folder")


def test_there_are_seven_and_each_is_a_small_step_from_the_one_before():
    assert [path.stem for path in sorted(FOLDER.glob("*.py"))] == NAMES
    steps = {pair: changed_lines(*pair) for pair in pairwise(NAMES)}
    assert {pair: lines for pair, lines in steps.items() if lines > 60} == {}
    assert len(source_of(NAMES[-1]).splitlines()) <= 200


@each_programme
def test_it_imports_numpy_and_its_images_and_defines_no_class(name):
    tree = ast.parse(source_of(name))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = [getattr(node, "module", None) or node.names[0].name for node in imports]
    allowed = ["itertools", "matplotlib.pyplot", "numpy", "chainrule.data"]
    if name != NAMES[-1]:
        allowed.remove("matplotlib.pyplot")
    if name not in WITH_IMAGES:
        allowed.remove("chainrule.data")
    assert [one for one in allowed if one in modules] == modules
    assert modules == allowed or name in NAMES[:2]
    assert not any(isinstance(node, ast.ClassDef) for node in ast.walk(tree))


@pytest.mark.skipif(not COURSE.exists(), reason="the course document is not beside the checkout")
def test_no_line_is_the_course_s():
    blocks = re.findall(r"```python\n(.*?)```", COURSE.read_text(encoding="utf-8"), re.DOTALL)
    theirs = {"".join(line.split()) for block in blocks for line in block.splitlines()}
    ours = {"".join(line.split()) for name in NAMES for line in code_of(source_of(name))}
    common = {line for line in ours & theirs if len(line) > 12}
    assert common <= {"importmatplotlib.pyplotasplt", "importnumpyasnp"}


@each_programme
def test_every_array_has_the_shape_that_is_kept_and_that_its_comment_says(name, tmp_path):
    source = short(source_of(name))
    watch = Watch(source, name)
    run(source, tmp_path, name, watch)
    assert watch.wrong == []
    assert len(watch.claims) == sum(bool(CLAIM.search(line)) for line in source.splitlines())
    kept = SHAPES.partition(f"# {name}.py\n")[2].partition("\n\n")[0].splitlines()
    assert list(watch.table()) == kept
    if name in IN_FLOAT32:  # what draws the weights draws them in float64, and nothing else is
        assert [row for row in kept if "float64" in row] == [row for row in kept if "draw.W" in row]


@each_programme
def test_every_printed_number_is_the_one_that_is_kept(told, name):
    kept = (FOLDER / "printed" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    said = re.sub(r"^(MNIST from ).*", r"\1...", told(name)[0]).splitlines()
    assert len(said) == len(kept)
    other = [
        (was, now)
        for was, now in zip(kept, said, strict=True)
        if not agree(was, now, loose=name in IN_FLOAT32)
    ]
    assert other == []


def test_three_layers_have_the_slopes_of_the_library(told):
    _, step = told("3_backpropagation")
    layers = [Dense(3, 8), ReLU(), Dense(8, 6), ReLU(), Dense(6, 2)]
    network = Network(layers, loss=mean_squared_error, dtype=np.float64)
    dense = [layer for layer in layers if isinstance(layer, Dense)]
    for layer, W, b in zip(dense, step["weights"], step["biases"], strict=True):
        layer.weights, layer.biases = W, b
    loss, _ = network.loss_and_gradients(step["X"], step["target"])
    a = step["forward"](step["weights"], step["biases"], step["X"])
    own_loss, dz = step["squared_error"](a[-1])
    dW, db = step["backward"](step["weights"], a, dz)
    assert own_loss == pytest.approx(loss, rel=1e-12)
    for layer, W, b in zip(dense, dW, db, strict=True):
        np.testing.assert_allclose(layer.gradients["weights"], W, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(layer.gradients["biases"], b, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_the_comparison_has_the_library_s_losses(told, mnist_folder, rule):
    *_, losses, right = told("7_comparison")[1]["runs"][rule]
    X_train, y_train, X_val, y_val, *_ = digits()[0]
    chosen = np.random.default_rng(0).permutation(len(X_train))[:20_000]
    network = create_network(rule)
    library = [
        train_batch(network, X_train[chosen[batch]], y_train[chosen[batch]])
        for batch in epoch_batches(len(chosen), 64, seed=0, epoch=0)
    ]
    np.testing.assert_allclose(losses[: len(library)], library, rtol=0, atol=1e-5)
    assert right[0] == pytest.approx(np.mean(network.predict(X_val) == y_val), abs=0.001)


def test_the_verdict_is_that_of_the_answers(told, mnist_folder):
    said, step = told("7_comparison")
    answers, true = step["predicted"][step["better"]], step["y_test"]
    counts = np.array(
        [[np.sum((true == i) & (answers == j)) for j in range(10)] for i in range(10)]
    )
    np.testing.assert_array_equal(step["confusion"], counts)
    was, taken_for, times, of = map(int, re.findall(r"\d+", said.splitlines()[-1]))
    assert (
        times
        == counts[was, taken_for]
        == max(counts[i, j] for i, j in np.ndindex(10, 10) if i != j)
    )
    assert of == counts[was].sum()
