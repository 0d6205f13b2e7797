"""A comparison whose lanes go to a Dask cluster of two workers on this machine.

``python -m benchmarks.cluster compare ...`` starts the cluster, runs ``chainrule compare ...`` on
it, and ends it.
"""

import sys


def main(arguments):
    """Run the command on a cluster of its own; return its exit status."""
    from distributed import LocalCluster

    from chainrule import cli

    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        return cli.main([*arguments, "--backend", "dask", "--scheduler", cluster.scheduler_address])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
