"""The page of a class: one file that loads nothing."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from html import escape
from importlib import resources
from string import Template
from typing import Any

from chainrule.lessons.classroom import Checked, CheckedLearner, Class, Stumble
from chainrule.lessons.judge import NOT_REACHED, NOT_STARTED, RIGHT, WRONG, PartResult
from chainrule.lessons.lesson import LESSONS, Lesson

# A sign, and what it stands for: none is told by its colour alone.
SIGNS = {RIGHT: "✓", WRONG: "✕", NOT_STARTED: "·", NOT_REACHED: "?", "": "-"}
WORDS = {**{status: status for status in SIGNS}, "": "not handed in"}
MOST_LINES = 24  # of a case that is shown


def as_json(found: Class) -> dict[str, Any]:
    """Return what a programme needs."""
    return {
        "class": found.title,
        "learners": [
            {
                "name": learner.name,
                "lessons": [
                    {**one.result.as_json(), "file": one.place}
                    for one in learner.lessons
                    if one.result
                ],
            }
            for learner in found.learners
        ],
        "stuck": [
            {"lesson": one.lesson, "part": one.part, "mistake": one.mistake,
             "learners": list(one.learners)}
            for one in found.stumbles()
        ],
        "unused": [{"file": one.place, "why": one.why} for one in found.unused],
    }  # fmt: skip


def as_html(found: Class) -> str:
    """Return the page."""
    template = resources.files("chainrule.lessons") / "class_page.html"
    parts = sum(len(lesson.parts) for lesson in LESSONS)
    done = sum(one.result.right for each in found.learners for one in each.lessons if one.result)
    in_all = parts * len(found.learners)
    learners = "learner" if len(found.learners) == 1 else "learners"
    return Template(template.read_text(encoding="utf-8")).substitute(
        title=escape(found.title),
        date=datetime.datetime.now().astimezone().strftime("%d %B %Y, %H:%M"),
        lede=f"{len(found.learners)} {learners}, {len(LESSONS)} lessons: {done:,} of {in_all:,} "
        f"parts are right, {done / in_all:.0%}.",
        stumbles=_stumbles(found.stumbles(), len(found.learners)),
        legend="".join(f"<li>{_mark(status)} {word}</li>" for status, word in WORDS.items()),
        lessons="".join(_lesson(found, lesson) for lesson in LESSONS),
        learners=_learners(found.learners),
        one_by_one=_one_by_one(found.learners),
        unused=_unused(found),
    )


def _mark(status: str, title: str = "") -> str:
    kind = status if status in (RIGHT, WRONG) else ""
    words = f' title="{escape(title)}"' if title else ""
    return f'<span class="mark {kind}" aria-hidden="true"{words}>{SIGNS[status]}</span>'


def _name(name: str) -> str:
    return f"<bdi>{escape(name)}</bdi>"


def _table(heads: Iterable[str], rows: Iterable[str], kind: str = "") -> str:
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    head, body = f"<thead><tr>{head}</tr></thead>", f"<tbody>{''.join(rows)}</tbody>"
    return f'<table class="stack {kind}">{head}{body}</table>'


# ---- where they are stuck ----


def _stumbles(stumbles: list[Stumble], count: int) -> str:
    if not stumbles:
        return "<p>Nowhere: nothing that was handed in is wrong.</p>"
    rows = []
    for one in stumbles:
        hint = f'<span class="hint">{escape(one.hint)}</span>' if one.hint else ""
        names = ", ".join(map(_name, one.learners))
        rows.append(
            f'<tr><th scope="row" class="count">{len(one.learners)} of {count}</th>'
            f"<td>{one.lesson}, <code>{escape(one.part)}</code></td>"
            f"<td><b>{escape(one.mistake)}</b>{hint}<span class='names'>{names}</span></td></tr>"
        )
    return _table(("Learners", "Lesson and part", "What is wrong"), rows)


# ---- the lessons ----


def _lesson(found: Class, lesson: Lesson) -> str:
    count, rows = len(found.learners), []
    for name, statuses in found.counts(lesson).items():
        shares = "".join(
            f'<i class="{kind}" style="width:{100 * statuses[kind] / count:.4g}%"></i>'
            for kind in (RIGHT, WRONG)
        )
        rows.append(
            f'<tr><th scope="row"><code>{name}</code></th>'
            f'<td><span class="bar" aria-hidden="true">{shares}</span></td>'
            f'<td class="count">{statuses[RIGHT]} right, {statuses[WRONG]} wrong</td></tr>'
        )
    return f"<h3>{lesson.number}. {lesson.title}</h3>" + _table(
        ("Part", "", "Learners"), rows, "parts"
    )


# ---- the learners ----


def _learners(learners: Iterable[CheckedLearner]) -> str:
    rows = (
        f'<tr><th scope="row">{_name(learner.name)}</th>'
        f"{''.join(map(_lesson_of_learner, learner.lessons))}</tr>"
        for learner in learners
    )
    return _table(("Learner", *(f"Lesson {one.number}" for one in LESSONS)), rows)


def _lesson_of_learner(one: Checked) -> str:
    parts = one.result.parts if one.result else [PartResult(p.name, "") for p in one.lesson.parts]
    marks = "".join(_mark(part.status, f"{part.name}: {WORDS[part.status]}") for part in parts)
    of = "not handed in" if one.result is None else f"{one.result.right} of {len(parts)}"
    if one.result and one.result.stopped:
        of = "does not run"
    return (
        f'<td class="lesson" data-head="Lesson {one.lesson.number}">'
        f'<span class="marks">{marks}</span><span class="of">{of}</span></td>'
    )


# ---- one by one ----


def _one_by_one(learners: Iterable[CheckedLearner]) -> str:
    found = "".join(map(_of_learner, learners))
    return found or "<p>Nothing is wrong.</p>"


def _of_learner(learner: CheckedLearner) -> str:
    items = "".join(map(_of_lesson, learner.lessons))
    wrong = sum(
        bool(one.result.stopped) + sum(part.status == WRONG for part in one.result.parts)
        for one in learner.lessons
        if one.result
    )
    if not items:
        return ""
    return (
        f"<details><summary>{_name(learner.name)} "
        f'<span class="quiet">{wrong} wrong</span></summary><ul>{items}</ul></details>'
    )


def _of_lesson(one: Checked) -> str:
    if one.result is None:
        return ""
    number, items = one.lesson.number, []
    if one.result.stopped:
        items.append(f"<li>Lesson {number}: {escape(one.result.stopped)}</li>")
    for part in one.result.parts:
        if part.status == WRONG:
            told = f"<b>{escape(part.mistake)}</b>: {escape(part.hint)}" if part.mistake else ""
            lines = [*part.lines[:MOST_LINES], *(["..."] if len(part.lines) > MOST_LINES else [])]
            case = escape("\n".join(lines))
            items.append(f"<li>{number}, <code>{part.name}</code>: {told or part.kind}"
                         f'<pre tabindex="0">{case}</pre></li>')  # fmt: skip
    if one.others:
        places = ", ".join(f"<bdi>{escape(place)}</bdi>" for place in one.others)
        items.append(f"<li>Lesson {number}: <bdi>{escape(one.place)}</bdi> counts; also handed in: "
                     f"{places}</li>")  # fmt: skip
    return "".join(items)


# ---- what was left ----


def _unused(found: Class) -> str:
    if not found.unused:
        return ""
    rows = (
        f"<tr><td><bdi>{escape(one.place)}</bdi></td><td>{escape(one.why)}</td></tr>"
        for one in found.unused
    )
    return "<h2>Files that were not used</h2>" + _table(("File", "Why"), rows)
