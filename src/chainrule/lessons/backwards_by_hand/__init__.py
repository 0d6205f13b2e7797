"""Lesson 2: backwards by hand."""
