"""What a class hands in is found: folders, archives, what platforms write, what nobody meant."""

import os
import stat
import zipfile

import pytest
from a_class import NAMES

from chainrule import ChainruleError
from chainrule.lessons import LESSONS
from chainrule.lessons.handins import MOST_BYTES, MOST_VERSIONS, handed_in, shown

ONE, TWO = (lesson.file_name for lesson in LESSONS[:2])


@pytest.fixture
def room(tmp_path):
    """Return the class's folder, and a writer of files and archives in it."""
    folder = tmp_path / "class"
    folder.mkdir()

    def write(*places, text="x = 1\n"):
        for place in places:
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return write


def zipped(path, members, text="x = 1\n"):
    with zipfile.ZipFile(path, "w") as archive:
        for name in members:
            archive.writestr(name, text)


def lessons_of(folder):
    return {one.name: sorted(one.versions) for one in handed_in(folder)[0]}


def test_a_folder_for_each_learner_however_deep(room):
    folder = room(f"ada/{ONE}", f"ada/{TWO}", f"blaise/chainrule-lessons/{ONE}", f"z/a/b/c/{TWO}")
    assert lessons_of(folder) == {"ada": [1, 2], "blaise": [1], "z": [2]}
    assert handed_in(folder)[1] == []


def test_an_archive_for_each_learner(room):
    folder = room(f"ada/{ONE}")
    zipped(folder / "blaise.zip", [f"chainrule-lessons/{ONE}", f"__MACOSX/._{ONE}", f".git/{TWO}"])
    zipped(folder / "Čeněk.ZIP", [f"a\\{TWO}"])
    assert lessons_of(folder) == {"ada": [1], "blaise": [1], "Čeněk": [2]}


MOODLE, CANVAS = "assignsubmission_file_", "12345_67890_"


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([f"Ada_101_{MOODLE}/{ONE}", f"Li Wei_102_{MOODLE}/x/{ONE}"], "Ada|Li Wei"),
        ([f"Ada Lovelace_101_{MOODLE}{ONE}", f"Li Wei_102_{MOODLE}{ONE}"], "Ada Lovelace|Li Wei"),
        ([f"Ada_101_{MOODLE[:-1]}/{ONE}", f"Li_102_{MOODLE[:-1]}/{ONE}"], "Ada|Li"),
        ([f"lovelaceada_{CANVAS}{ONE}", f"weili_LATE_9_{CANVAS[6:]}{ONE}"], "lovelaceada|weili"),
        ([f"Ada Lovelace - {ONE}", f"Li Wei - {ONE}"], "Ada Lovelace|Li Wei"),
    ],
    ids=["moodle", "moodle, flat", "moodle, new", "canvas", "classroom"],
)  # fmt: skip
def test_what_platforms_write(room, tmp_path, places, found):
    expected = {name: [1] for name in found.split("|")}
    assert lessons_of(room(*places)) == expected
    inside = tmp_path / "downloads"
    inside.mkdir()
    zipped(inside / "CS101-Lesson 1-98765.zip", places)  # the download as it came
    assert lessons_of(inside) == expected
    assert lessons_of(inside / "CS101-Lesson 1-98765.zip") == expected


def test_a_platform_s_number_tells_namesakes_apart_and_joins_the_assignments_of_one(room):
    folder = room(
        f"1/Ada_101_{MOODLE}/{ONE}",
        f"1/Ada_102_{MOODLE}/{ONE}",
        f"1/Li_103_{MOODLE}/{ONE}",
        f"2/Li_204_{MOODLE}/{TWO}",
    )
    assert lessons_of(folder) == {"Ada (101)": [1], "Ada (102)": [1], "Li": [1, 2]}


def test_a_folder_and_an_archive_of_one_name_are_one_learner(room):
    folder = room(f"ada/{ONE}")
    zipped(folder / "ada.zip", [TWO])
    assert lessons_of(folder) == {"ada": [1, 2]}


@pytest.mark.parametrize(
    "name",
    [ONE.replace(".py", " (1).py"), ONE.replace(".py", "-2.py"), ONE.upper(), "lesson 1.py",
     "Lesson1.py", f"my_{ONE}"],
)  # fmt: skip
def test_a_file_that_was_renamed_on_its_way_is_known(room, name):
    assert lessons_of(room(f"ada/{name}", f"li/{TWO}")) == {"ada": [1], "li": [2]}


def test_several_files_of_one_lesson_are_kept_up_to_a_number_and_the_rest_is_said(room):
    names = [f"ada/{ONE[:-3]} ({i}).py" for i in range(MOST_VERSIONS + 2)]
    (ada, _), unused = handed_in(room(*names, f"li/{TWO}"))
    assert len(ada.versions[1]) == MOST_VERSIONS
    assert len(unused) == 2


def test_what_is_not_used_is_said_with_its_reason(room):
    others = ("ada/work.rar", "li/lesson1.ipynb", "li/lesson2.txt")
    folder = room(f"ada/{ONE}", f"li/{ONE}", ONE, *others)
    (folder / "zoe.zip").write_bytes(b"PK but no archive")
    (folder / "li" / TWO).write_bytes(b"#" * (MOST_BYTES + 1))
    unused = {one.place: one.why for one in handed_in(folder)[1]}
    assert set(unused) == {
        ONE, "ada/work.rar", "li/lesson1.ipynb", "li/lesson2.txt", "zoe.zip", f"li/{TWO}"
    }  # fmt: skip
    assert "whose is it?" in unused[ONE]
    assert "cannot be read" in unused["zoe.zip"]
    assert "larger than 1 MB" in unused[f"li/{TWO}"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links and pipes")
def test_no_link_is_followed_and_no_pipe_waited_for(room, tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text("password = 1\n")
    folder = room(f"ada/{TWO}", f"li/{ONE}")
    (folder / "ada" / ONE).symlink_to(secret)
    (folder / "li" / "round").symlink_to(folder)
    os.mkfifo(folder / "li" / TWO)
    link = zipfile.ZipInfo(ONE)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(folder / "zoe.zip", "w") as archive:
        archive.writestr(link, str(secret))
    assert lessons_of(folder) == {"ada": [2], "li": [1]}
    why = {one.place: one.why for one in handed_in(folder)[1]}
    assert [why[place] for place in (f"ada/{ONE}", "li/round", f"zoe.zip/{ONE}")] == [
        "a link: none is followed"
    ] * 3
    assert why[f"li/{TWO}"] == "no plain file"


def test_an_archive_that_unpacks_to_more_than_it_may_is_not_unpacked(room):
    folder = room(f"ada/{ONE}")
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(ONE, b"\0" * (50 * MOST_BYTES))
        archive.writestr(f"../../{TWO}", "x = 1\n")  # and none gets out of its folder
    assert lessons_of(folder) == {"ada": [1], "bomb": [2]}
    assert "larger" in handed_in(folder)[1][0].why


def test_names_of_any_alphabet_are_shown_and_none_steers_a_terminal(room):
    folder = room(*(f"{name.replace('/', '_')}/{ONE}" for name in NAMES))
    assert set(lessons_of(folder)) == {name.replace("/", "_") for name in NAMES}
    assert shown("a\x1b[31m\u202eb\u200f\n") == "a[31mb"
    assert shown("Zoe\u0308") == "Zoë"
    assert shown(os.fsdecode(b"J\xf6rg")).startswith("J?rg")


def test_an_archive_s_utf8_names_are_read_where_it_does_not_say_that_they_are(room, monkeypatch):
    folder = room(f"ada/{ONE}")
    flags = "_encodeFilenameFlags"
    monkeypatch.setattr(zipfile.ZipInfo, flags, lambda one: (one.filename.encode(), 0))
    zipped(folder / "all.zip", [f"Žofie_1_{MOODLE}/{ONE}"])
    assert lessons_of(folder) == {"ada": [1], "Žofie": [1]}


def test_a_learner_of_whom_nothing_is_found_is_said(room):
    folder = room(f"ada/{ONE}", "li/homework.py", "tom/readme.txt", ".hidden/x.py")
    (folder / "zoe").mkdir()
    assert lessons_of(folder) == {"ada": [1]}
    why = {one.place: one.why for one in handed_in(folder)[1]}
    assert why == {
        "li": "none of its files is called lesson1_forward_and_loss.py, or like it",
        "tom": "nothing of a lesson is in it",
        "zoe": "nothing of a lesson is in it",
    }


@pytest.mark.parametrize("places", [(), ("readme.txt",), ("ada/other.py",)])
def test_a_folder_without_lessons_is_said(room, places):
    with pytest.raises(ChainruleError, match="There is nothing of a lesson in"):
        handed_in(room(*places))


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ChainruleError, match="There is no "):
        handed_in(tmp_path / "nowhere")
