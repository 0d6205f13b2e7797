"""Lesson 5: an honest result."""
