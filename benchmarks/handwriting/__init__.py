"""How well pictures of handwriting are read; see `python -m benchmarks.handwriting --help`."""
