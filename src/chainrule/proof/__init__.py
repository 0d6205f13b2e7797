"""The proof that gradients, losses and optimizers are right, and the bugs that it must find."""
