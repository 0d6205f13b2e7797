"""Lesson 1: forward and loss."""
