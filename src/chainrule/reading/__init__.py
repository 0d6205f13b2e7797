"""From a trained network to an answer about images, and how good its answers are."""
