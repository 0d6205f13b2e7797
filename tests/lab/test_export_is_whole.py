import json

import numpy as np
import pytest

from chainrule.checks import ChainruleError
from chainrule.lab import answers, export
from chainrule.lab.asked import Asked
from chainrule.lab.walk import batch, cards

PAGE = (
    '<!doctype html>\n<html lang="en"><head>\n<meta name="chainrule-token" content="">\n'
    '<script type="module" src="static/app.js"></script></head><body></body></html>\n'
)


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """Return a folder with a page of three files."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "index.html").write_text(PAGE)
    (folder / "app.js").write_text("export const a = 1;\n")
    (folder / "part").mkdir()
    (folder / "part" / "icon.svg").write_text("<svg/>")
    (folder / "notes.py").write_text("no part of the page")
    return folder


@pytest.fixture(scope="session")
def copy(lab, page, tmp_path_factory):
    """Return a static copy of the lab."""
    folder = tmp_path_factory.mktemp("copy") / "lab"
    export.export(lab, folder, page)
    return folder


def read(copy, name):
    return json.loads((copy / "data" / f"{name}.json").read_text())


def test_the_files_are_those_of_the_contract(lab, copy):
    names = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    digits = [digit["index"] for digit in read(copy, "digits")["digits"]]
    expected = {"index.html", "static/app.js", "static/part/icon.svg"}
    expected |= {"data/lab.json", "data/digits.json"}
    for id in lab.networks:
        expected |= {
            f"data/{kind}-{id}.json" for kind in ("weights", "wrong", "confusion", "cells")
        }
        expected |= {f"data/backward-{id}-{index}.json" for index in digits}
    expected |= {f"data/difference-{a}-{b}.json" for a, b in (lab.pairs[0], lab.pairs[0][::-1])}
    assert names == expected


def test_two_digits_of_each_class_are_stored_and_some_that_are_read_wrongly(lab, copy):
    digits = read(copy, "digits")["digits"]
    first = [digit["label"] for digit in digits[:20]]
    assert first == [label for label in range(10) for _ in "ab"]
    stored = [digit["index"] for digit in digits]
    for id, network in lab.networks.items():
        wrong = read(copy, f"wrong-{id}")["indices"]
        assert set(wrong) <= set(stored)
        assert all(network.predicted[i] != lab.labels[i] for i in wrong)
    for digit in digits:
        assert digit == answers.digit(lab, Asked({"index": digit["index"]}, ["index"]))


def test_stored_answers_are_those_of_the_server(lab, copy):
    assert read(copy, "lab") == answers.lab(lab, Asked({}, ()))
    for id in lab.networks:
        asked = Asked({"network": id}, ["network"])
        assert read(copy, f"weights-{id}") == answers.weights(lab, asked)
        assert read(copy, f"confusion-{id}") == answers.confusion(lab, asked)
        cells = read(copy, f"cells-{id}")
        assert len(cells) == 100
        fields = {"network": id, "true": 4, "predicted": 9}
        assert cells["4-9"] == answers.cell(lab, Asked(fields, fields))
    fields = {"a": "sgd-seed0", "b": "adam-seed0"}
    expected = answers.difference(lab, Asked(fields, fields))
    assert read(copy, "difference-sgd-seed0-adam-seed0") == expected


def test_stored_cards_are_those_of_the_server(lab, copy):
    for digit in read(copy, "digits")["digits"][::7]:
        fields = {"network": "adam-seed0", "indices": [digit["index"]]}
        expected = json.loads(json.dumps(cards.backward(lab, Asked(fields, fields))))
        stored = read(copy, f"backward-adam-seed0-{digit['index']}")
        assert stored == expected
        assert stored["labels"] == [digit["label"]]


def test_large_arrays_are_stored_in_blocks(lab):
    asked = batch.batch_of(lab.networks["adam-seed0"], lab.images[[0]], lab.labels[[0]])
    whole, small = cards.cards_of(asked), cards.cards_of(asked, largest=100)
    one, other = (answer["cards"][4]["out"] for answer in (whole, small))
    same = {key: one[key] for key in ("name", "shape", "norm", "limit")}
    assert same == {key: other[key] for key in same}
    assert (one["block"], other["block"]) == ([1, 1], [2, 2])
    assert len(other["values"]) == 64
    assert np.isin(other["values"], one["values"]).all()


def test_the_page_knows_that_there_is_no_server(copy):
    page = (copy / "index.html").read_text()
    assert '<meta name="chainrule-static" content="data">' in page
    assert "chainrule-token" not in page
    assert "default-src 'self'" in page


def test_a_folder_that_holds_something_is_refused_and_left(lab, page, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ChainruleError, match="holds something"):
        export.export(lab, tmp_path, page)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(lab, page, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    export.export(lab, folder, page)
    assert (folder / "index.html").exists()
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_or_a_folder_in_none_is_refused(lab, page, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ChainruleError, match="is a file"):
        export.export(lab, tmp_path / "file", page)
    with pytest.raises(ChainruleError, match="make that"):
        export.export(lab, tmp_path / "none" / "copy", page)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_stops_an_export_leaves_nothing_behind(lab, page, tmp_path, monkeypatch, error):
    stored = export.stored_answers

    def broken(lab):
        yield next(stored(lab))
        raise error

    monkeypatch.setattr(export, "stored_answers", broken)
    with pytest.raises(type(error)):
        export.export(lab, tmp_path / "copy", page)
    assert list(tmp_path.iterdir()) == []


def test_without_a_page_there_is_no_copy(lab, tmp_path):
    (tmp_path / "static").mkdir()
    with pytest.raises(ChainruleError, match="lacks the lab's page"):
        export.export(lab, tmp_path / "copy", tmp_path / "static")
    assert [path.name for path in tmp_path.iterdir()] == ["static"]
