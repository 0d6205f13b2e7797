"""A static copy of the lab with stored digits, which any file server can give out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import chain, permutations, product
from pathlib import Path
from typing import Any

from chainrule.checks import ChainruleError
from chainrule.lab import answers
from chainrule.lab.asked import Asked
from chainrule.lab.networks import Lab
from chainrule.lab.page import DATA, PAGE, STATIC, as_static, encoded, static_files
from chainrule.lab.pictures import SOME_ENTRIES
from chainrule.lab.walk.batch import batch_of
from chainrule.lab.walk.cards import cards_of

OF_A_CLASS = 2  # stored images
FEW_CLASSES = 20  # with more, one image of each has to do
CELL_BYTES = 60 * 784 * 10  # pixels of the diagonal's images, whatever the data: MNIST's 60 of each


def check_folder(folder: Path) -> None:
    """Check that a static copy can be written into a folder: it is new or empty.

    Raises
    ------
    ChainruleError
        If it holds something, is a file, or the folder above it is missing.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise ChainruleError(f"--export needs a new or empty folder, but {folder} holds something.")
    if folder.exists() and not folder.is_dir():
        raise ChainruleError(f"--export needs a folder, but {folder} is a file: name another.")
    if not folder.absolute().parent.is_dir():
        raise ChainruleError(
            f"--export makes one folder, but there is no {folder.parent} to make it in: make that."
        )


def export(lab: Lab, folder: Path, static: Path = STATIC) -> None:
    """Write the page with stored answers into a new folder, whole or not at all.

    Parameters
    ----------
    lab : Lab
    folder : Path
        New or empty.
    static : Path
        The folder of the page and its files.

    Raises
    ------
    ChainruleError
        If the folder holds something, or the page is missing.
    """
    check_folder(folder)
    folder = folder.absolute()
    part = folder.with_name(f".{folder.name}.{os.urandom(4).hex()}.part")
    try:
        _write(lab, part, static)
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _write(lab: Lab, folder: Path, static: Path) -> None:
    files = static_files(static)
    if PAGE not in files:
        raise ChainruleError("This installation lacks the lab's page: install it anew.")
    for name in ("static", DATA):
        (folder / name).mkdir(parents=True)
    (folder / PAGE).write_text(as_static(files.pop(PAGE).decode()), encoding="utf-8")
    for name, content in files.items():
        path = folder / "static" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name, answer in stored_answers(lab):
        (folder / DATA / f"{name}.json").write_bytes(encoded(answer))


def stored_answers(lab: Lab) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each answer that the static page reads, with the name of its file."""

    def ask(answer: Callable[[Lab, Asked], Any], **fields: Any) -> Any:
        return answer(lab, Asked(fields, fields))

    classes = range(lab.last_class + 1)
    of_classes = [ask(answers.digits, label=label)["indices"] for label in classes]
    of_a_class = OF_A_CLASS if len(classes) <= FEW_CLASSES else 1
    chosen = [index for indices in of_classes for index in indices[:of_a_class]]
    wrong = {id: ask(answers.wrong, network=id)["indices"][:OF_A_CLASS] for id in lab.networks}
    chosen += [index for index in dict.fromkeys(chain(*wrong.values())) if index not in chosen]
    most = max(1, min(answers.MOST_IMAGES, CELL_BYTES // (lab.pixels * len(classes))))
    yield "lab", ask(answers.lab)
    yield "digits", {"digits": [answers.stored(lab, index) for index in chosen]}
    for id, network in lab.networks.items():
        yield f"weights-{id}", ask(answers.weights, network=id)
        yield f"wrong-{id}", {"indices": wrong[id]}
        yield f"confusion-{id}", ask(answers.confusion, network=id)
        cells = {
            f"{true}-{predicted}": answers.cell_of(lab, network, true, predicted, most)
            for true, predicted in product(classes, classes)
        }
        yield f"cells-{id}", cells
        for index in chosen:
            batch = batch_of(network, lab.images[[index]], lab.labels[[index]])
            yield f"backward-{id}-{index}", cards_of(batch, SOME_ENTRIES)
    for a, b in permutations(lab.networks, 2):
        yield f"difference-{a}-{b}", ask(answers.difference, a=a, b=b)
