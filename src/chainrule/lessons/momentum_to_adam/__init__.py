"""Lesson 4: from momentum to Adam."""
