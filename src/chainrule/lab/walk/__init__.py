"""The screen Backwards: cards of the walk, one number followed through it, its curve, the step."""
