"""What the handwriting benchmark counts, and which aims it holds the counts to."""

from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.handwriting import answers, report
from benchmarks.handwriting.answers import Answer, Record

from chainrule.checks import ChainruleError
from chainrule.network import create_network
from chainrule.storage.models import Model, save_model

BARE = {"images": 1_000, "right": 976, "wrong_and_sure": 14}
SURE, UNSURE = 0.99, 0.6


def record(text="7", probability=SURE, doubts=(), refused="", truth="7", scene="plain"):
    said = Answer("" if refused else text, probability, doubts, refused)
    return Record(scene, 0, truth, said, 5.0, np.zeros((4, 6, 3), np.uint8))


def test_every_picture_is_counted_as_what_became_of_it():
    found = report.counts([
        record(),
        record(doubts=("The ink is faint.",)),
        record("1"),
        record("1", UNSURE),
        record("1", doubts=("Several readings.",)),
        record(refused="There is no ink."),
        record("77"),
    ])  # fmt: skip
    assert found["pictures"] == 7
    assert (found["right"], found["right_and_not_doubted"]) == (2, 1)
    assert (found["doubted"], found["refused"], found["wrong_and_sure"]) == (2, 1, 2)


def test_any_sure_answer_is_wrong_where_there_is_no_digit():
    found = report.counts([
        record(truth="", scene="noise"),
        record("", truth="", scene="noise", refused="nothing"),
        record("1", UNSURE, truth="", scene="noise"),
    ])  # fmt: skip
    assert (found["right"], found["wrong_and_sure"]) == (0, 1)
    (aim,) = report.judged("noise", found, None, BARE)
    assert (aim["limit"], aim["met"]) == (0, False)


def of(pictures=100, right=100, wrong_and_sure=0):
    return {"pictures": pictures, "right": right, "wrong_and_sure": wrong_and_sure}


def aims(scene, found, plain):
    return {aim["what"]: aim for aim in report.judged(scene, found, plain, BARE)}


def test_a_scene_is_held_to_95_of_100_of_the_plain_sheet():
    plain = of(right=98)
    assert aims("grid", of(right=94), plain)["right"]["met"]
    assert not aims("grid", of(right=93), plain)["right"]["met"]
    assert aims("grid", of(), plain)["right"]["limit"] == pytest.approx(0.931)


def test_wrong_and_sure_may_be_a_point_above_the_bare_images():
    assert aims("grid", of(wrong_and_sure=2), of())["wrong_and_sure"]["met"]
    assert not aims("grid", of(wrong_and_sure=3), of())["wrong_and_sure"]["met"]


def test_a_number_is_held_to_what_its_digits_allow():
    found = aims("three-digits", of(), of(right=98))
    assert found["right"]["limit"] == pytest.approx(0.95 * 0.98**3)
    assert found["wrong_and_sure"]["limit"] == pytest.approx(3 * 0.014 + 0.01)


def test_a_turned_digit_need_not_be_read_but_must_not_be_claimed():
    assert list(aims("turned20", of(right=0), of())) == ["wrong_and_sure"]


def test_nothing_is_aimed_at_where_a_scene_is_reported_alone():
    assert not aims("letters", of(right=0, wrong_and_sure=50), of())


def test_the_table_names_each_aim_and_whether_it_is_met():
    scenes = {}
    for name, records in (("plain", [record()] * 4), ("grid", [record("1")] * 4)):
        found = report.counts(records)
        scenes[name] = found | {
            "aims": report.judged(name, found, scenes.get("plain", found), BARE)
        }
    text = report.document({"bare": {"all 1,000": BARE}, "scenes": scenes})
    assert "all 1,000: 97.60% right, 1.40% wrong and sure" in text
    assert "| plain | 4 | 100.0% | 100.0% | 0.0% | 0.0% | 0.0% | 5 | 95.0% | 2.4% | met |" in text
    assert (
        "| grid | 4 | 0.0% | 0.0% | 0.0% | 0.0% | 100.0% | 5 | 95.0% | 2.4% | **missed** |" in text
    )
    assert text.endswith("2 of 4 aims met.\n")


def test_a_crash_counts_as_refused_and_is_named_under_the_table():
    crashed = record(refused="crashed: TypeError: no such thing")
    found = report.counts([crashed])
    scenes = {"plain": found | {"aims": []}}
    assert found["refused"] == 1
    assert "- plain: crashed: TypeError: no such thing" in report.document({"scenes": scenes})


def test_a_sheet_of_examples_is_written_and_one_of_failures_only_where_there_are(tmp_path):
    report.write_contact_sheets(tmp_path / "examples", "plain", [record(), record("1")])
    names = {path.name for path in (tmp_path / "examples").iterdir()}
    assert names == {"plain.png", "plain-failures.png"}
    report.write_contact_sheets(tmp_path / "examples", "plain", [record()])
    assert not (tmp_path / "examples" / "plain-failures.png").exists()


@pytest.fixture
def reading(monkeypatch):
    """Return a function that puts what a picture is read as in place of the reader."""

    def put(outcome):
        def read(classifier, path):
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(answers, "read", read)
        return answers.answer(SimpleNamespace(classes=list(range(10))), "any.png")

    return put


def test_an_answer_is_text_probability_and_doubts(reading):
    said = reading(SimpleNamespace(text="42", probability=0.8, doubts=("faint",)))
    assert said == Answer("42", 0.8, ("faint",))


def test_a_refusal_is_an_answer_and_so_is_a_crash(reading):
    assert reading(ChainruleError("There is no ink.")).refused == "There is no ink."
    assert reading(ValueError("oh")).refused == "crashed: ValueError: oh"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.npz"
    save_model(path, Model(create_network("adam")))
    return str(path)


def test_fewer_digits_are_the_first_of_more():
    dataset = SimpleNamespace(test_images=np.arange(50), test_labels=np.arange(50) % 10)
    few, many = (answers.drawn_digits(dataset, 0, count) for count in (5, 20))
    assert (few[0] == many[0][:5]).all()
    assert len(set(many[0])) == 20
    assert (many[0] % 10 == many[1]).all()


def progress(records, scene, count):
    yield from records


@pytest.mark.long
def test_the_number_of_processes_changes_no_answer(model, tmp_path):
    rng = np.random.default_rng(0)
    images = np.zeros((4, 28, 28), np.uint8)
    images[:, 6:22, 10:18] = rng.integers(100, 255, (4, 16, 8))
    labels = np.array([1, 0, 7, 3])
    found = []
    for jobs in (1, 2):
        options = SimpleNamespace(seed=0, jobs=jobs, out=tmp_path, keep=jobs == 2)
        every = answers.records(
            model, images, labels, ["plain", "two-digits", "blank"], options=options,
            progress=progress,
        )  # fmt: skip
        found.append([(r.scene, r.index, r.truth, r.answer) for scene in every for r in scene])
    assert found[0] == found[1]
    assert [truth for scene, _, truth, _ in found[0] if scene == "plain"] == ["1", "0", "7", "3"]
    assert {len(truth) for scene, _, truth, _ in found[0] if scene == "two-digits"} == {2}
    assert len(list((tmp_path / "pictures").iterdir())) == 12
