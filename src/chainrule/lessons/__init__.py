"""Lessons that check themselves: `check` judges what a learner wrote."""

from chainrule.lessons.checking import LessonResult, check
from chainrule.lessons.lesson import LESSONS, Lesson

__all__ = ["LESSONS", "Lesson", "LessonResult", "check"]
