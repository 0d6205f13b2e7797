"""Lesson 3: SGD, really."""
