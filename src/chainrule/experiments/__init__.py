"""Fair comparisons of optimizers, and what they leave behind."""
