"""Side-by-side runs of Chainrule and its peers; see `python -m benchmarks --help`."""
