"""``chainrule lesson``: write a learner's folder, check a lesson, show the progress."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.checks import ChainruleError
from chainrule.cli.shared import CHECK_SAID_NO, DONE, add_output_options, notice, show

if TYPE_CHECKING:
    from chainrule.lessons.checking import LessonResult

FOLDER = Path("chainrule-lessons")
MOST_STUMBLES = 10  # that are printed; the page has all


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "lesson",
        help="learn backpropagation, SGD and Adam by hand, checked at once",
        description="Five lessons: write each part in a plain file, and be told at once whether "
        "it is right and, if not, which mistake it is.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    action = actions.add_parser(
        "start",
        help="write a learner's folder",
        description="Write one file for each lesson into a folder. Files that are there stay.",
    )
    action.set_defaults(run=_start)
    action.add_argument("folder", metavar="DIR", type=Path, nargs="?", default=FOLDER,
        help=f"the folder (default: {FOLDER})")  # fmt: skip
    add_output_options(action)

    action = actions.add_parser(
        "check",
        help="check one lesson",
        description="Run what you wrote for a lesson on small cases, in a process with limits of "
        "time and memory. The first case that fails is shown, and the mistake is named where it "
        "is known. Status 1 if anything is wrong; what has not been started is not.",
    )
    action.set_defaults(run=_check)
    add = action.add_argument
    add("lesson", metavar="LESSON", help="its number, 1 to 5")
    add("--dir", metavar="DIR", type=Path, default=None,
        help=f"the learner's folder (default: this one, or {FOLDER} in it)")  # fmt: skip
    add("--hint", metavar="N", type=int, nargs="?", const=1, default=0, choices=(1, 2, 3),
        help="add a hint to each part that is not right: 1, 2 or 3, the clearest")  # fmt: skip
    add("--traceback", action="store_true", help="show the traceback of an error in your code")
    add_output_options(action)

    action = actions.add_parser(
        "status",
        help="show the progress through all lessons",
        description="Check every lesson of a learner's folder, or of several. With --class, of all "
        "that a class has handed in: a page and a table of what is solved, and where learners are "
        "stuck, are written into this folder. Nothing leaves the machine.",
    )
    action.set_defaults(run=_status)
    action.add_argument("folders", metavar="DIR", type=Path, nargs="*",
        help=f"learners' folders (default: this one, or {FOLDER} in it)")  # fmt: skip
    action.add_argument("--class", metavar="FOLDER", type=Path, dest="classroom",
        help="the folder of a class: a folder or .zip for each learner, or a download of Moodle, "
        "Canvas or Google Classroom")  # fmt: skip
    add_output_options(action)


def _start(options: argparse.Namespace) -> int:
    from chainrule.lessons.checking import check_command
    from chainrule.lessons.folder import start
    from chainrule.lessons.lesson import LESSONS

    written = start(options.folder)
    lines = [
        f"{'written' if path in written else 'kept':<8}{path}"
        for path in (options.folder / lesson.file_name for lesson in LESSONS)
    ]
    lines += ["", f"Open {options.folder / LESSONS[0].file_name}, write, and then:"]
    lines += [f"    {check_command(LESSONS[0], options.folder)}"]
    show(options, {"folder": str(options.folder), "written": [str(p) for p in written]}, lines)
    return DONE


def _check(options: argparse.Namespace) -> int:
    from chainrule.lessons.checking import check

    result = check(options.lesson, options.dir, hint=options.hint)
    show(options, result.as_json(), result.lines(options.traceback))
    return CHECK_SAID_NO if result.is_wrong else DONE


def _status(options: argparse.Namespace) -> int:
    if options.classroom:
        return _class_status(options)
    from concurrent.futures import ThreadPoolExecutor

    from chainrule.lessons.checking import check_file, learners_folder
    from chainrule.lessons.lesson import LESSONS

    folders = options.folders or [learners_folder(None, LESSONS[0].file_name)]
    say = notice(options.quiet or len(folders) == 1)
    learners = []
    lines: list[str] = []
    pool = ThreadPoolExecutor(os.cpu_count())  # each check waits for a process of its own
    try:
        jobs = [
            [pool.submit(check_file, one, folder / one.file_name) for one in LESSONS]
            for folder in folders
        ]
        for number, (folder, checks) in enumerate(zip(folders, jobs, strict=True), 1):
            results = [check.result() for check in checks]
            say(f"{number} of {len(folders)} learners: {folder}")
            learners.append({"folder": str(folder), "lessons": [one.as_json() for one in results]})
            lines += [*_progress(str(folder), results), ""]
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C does not wait for all that is left
    show(options, learners, lines[:-1])
    return DONE


def _class_status(options: argparse.Namespace) -> int:
    from chainrule.lessons.class_page import as_html, as_json
    from chainrule.lessons.classroom import as_csv, check_class
    from chainrule.storage.files import replacing

    if options.folders:
        raise ChainruleError("Name a class's folder with --class, or learners' folders, not both.")
    found = check_class(options.classroom, notice(options.quiet))
    paths = [Path(f"{found.title}-status.{kind}") for kind in ("html", "csv")]
    for path, content in zip(paths, (as_html(found).encode(), as_csv(found)), strict=True):
        with replacing(path) as file:
            file.write(content)
    stuck = [
        f"  {len(one.learners):>3}  lesson {one.lesson}, {one.part}: {one.mistake}"
        for one in found.stumbles()[:MOST_STUMBLES]
    ]
    lines = [f"{len(found.learners)} learners. Where they are stuck:", *stuck] if stuck else []
    left = [f"{len(found.unused)} files were not used: the page says why."] if found.unused else []
    lines += [*left, "", *(f"written {path}" for path in paths)]
    show(options, {**as_json(found), "written": [str(path) for path in paths]}, lines)
    return DONE


def _progress(folder: str, results: list[LessonResult]) -> list[str]:
    lines = [folder]
    for result in results:
        bar = "#" * result.right + "." * (len(result.parts) - result.right)
        lesson, count = result.lesson, f"{result.right} of {len(result.parts)}"
        words = f"   {result.stopped}" if result.stopped else ""
        lines.append(f"  {lesson.number}  {lesson.title:<24}{bar:<8}{count}{words}")
    return lines
