"""How a network is kept: models, checkpoints, and files written whole or not at all."""
