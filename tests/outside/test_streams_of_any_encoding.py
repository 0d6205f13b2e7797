"""What is printed can be taken by a pipe or file in any encoding; nothing dies of a sign."""

import sys

import pytest

from chainrule.cli import main

MINUS, QUOTE = "\u2212", "\u201c"


@pytest.fixture(scope="module")
def whole(run, compared):
    """Return what a comparison says where every sign can be said."""
    said = run("resume", compared, PYTHONIOENCODING="utf-8").stdout
    assert MINUS in said
    assert QUOTE in said
    return said


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252"])
def test_a_comparison_tells_its_result_in_any_encoding(run, compared, whole, encoding):
    ended = run("resume", compared, PYTHONIOENCODING=encoding)
    assert ended.returncode == 0, ended.stderr
    assert plain(ended.stdout) == plain(whole)


def plain(words):
    """Return what was said, all signs of one meaning alike; \x93 is a quote in cp1252."""
    for quote in (QUOTE, "\u201d", "\\x93", "\\x94"):
        words = words.replace(quote, '"')
    return words.replace(MINUS, "-")


def test_the_posix_locale_is_enough_for_every_planted_bug(run):
    ended = run(*("check", "--planted"), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.isascii()
    assert "1 - beta^t" in ended.stdout
    assert "\\u" not in ended.stdout


def test_load_mnist_reports_a_folder_in_another_alphabet(run, stripes, tmp_path):
    folder = tmp_path / "数据"
    folder.symlink_to(stripes)
    code = "import sys, chainrule; chainrule.load_mnist(sys.argv[1])"
    ended = run(folder, start=("-c", code), PYTHONIOENCODING="ascii")
    assert ended.returncode == 0, ended.stderr
    assert "\\u6570\\u636e" in ended.stdout


def test_a_learner_may_print_any_sign_in_any_terminal(run, tmp_path):
    run("lesson", "start", tmp_path / "mine")
    path = tmp_path / "mine" / "lesson1_forward_and_loss.py"
    path.write_text(f"print('a {MINUS} b')\n{path.read_text('utf-8')}", "utf-8")
    ended = run("lesson", "check", 1, "--dir", tmp_path / "mine", PYTHONIOENCODING="ascii")
    assert ended.returncode == 0, ended.stdout
    assert "    a - b" in ended.stdout


def test_the_caller_of_main_keeps_its_streams(capsys):
    before = sys.stdout.errors, sys.stderr.errors
    assert main(["data", "status"]) == 0
    assert (sys.stdout.errors, sys.stderr.errors) == before
