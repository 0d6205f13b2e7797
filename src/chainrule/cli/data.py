"""``chainrule data``: see, fetch, verify or clear the MNIST files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chainrule.cli.shared import CHECK_SAID_NO, DONE, notice


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "data",
        help="see, fetch, verify or clear the MNIST files",
        description="See, fetch, verify or clear the MNIST files.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, run, text in (
        ("status", _status, "show which data there is, and where"),
        ("fetch", _fetch, "download MNIST into the cache, and verify it"),
        ("verify", _verify, "compare the files with MNIST's SHA-256"),
        ("clear", _clear, "remove the files that Chainrule has downloaded"),
    ):
        action = actions.add_parser(name, help=text, description=f"{text.capitalize()}.")
        action.set_defaults(run=run)
        action.add_argument("--quiet", action="store_true", help="show nothing but errors")
        if name == "verify":
            action.add_argument("folder", nargs="?", type=Path, help="default: the cache")


def _status(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import cache_status

    for place in cache_status():
        size = sum(report.size for report in place.files)
        megabytes = f", {size / 1e6:.1f} MB" if size else ""
        print(f"{place.name:<16}{place.state}{megabytes}\n{'':<16}{place.path}")
    return DONE


def _fetch(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import fetch

    fetched = fetch(notice=notice(options.quiet))
    if not options.quiet:
        if fetched.files:
            print(f"MNIST fetched from {fetched.mirror}, verified, kept in {fetched.folder}")
        else:
            print(f"MNIST is whole in {fetched.folder} already.")
    return DONE


def _verify(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import verify

    reports = verify(options.folder)
    if not options.quiet:
        for report in reports:
            reason = f"  {report.reason}" if report.reason else ""
            print(f"{report.name:<26}{report.verdict}{reason}")
    return DONE if all(report.verdict == "ok" for report in reports) else CHECK_SAID_NO


def _clear(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import clear

    cleared = clear()
    if not options.quiet:
        count = len(cleared.files)
        print(f"{count} file{'' if count == 1 else 's'} removed, {cleared.size / 1e6:.1f} MB")
    return DONE
