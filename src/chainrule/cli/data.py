"""``chainrule data``: see, fetch, verify or clear the MNIST files; write any data anew."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chainrule.cli.shared import CHECK_SAID_NO, DONE, SOURCES, add_size_options, notice


def add_parser(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "data",
        help="see, fetch, verify or clear the MNIST files; convert any data",
        description="See, fetch, verify or clear the MNIST files; convert any data.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, run, text in (
        ("status", _status, "show which data there is, and where"),
        ("fetch", _fetch, "download MNIST into the cache, and verify it"),
        ("verify", _verify, "compare the files with MNIST's SHA-256"),
        ("clear", _clear, "remove the files that Chainrule has downloaded"),
        ("convert", _convert, "write data as IDX files or as an .npz file"),
    ):
        action = actions.add_parser(name, help=text, description=f"{text.capitalize()}.")
        action.set_defaults(run=run)
        action.add_argument("--quiet", action="store_true", help="show nothing but errors")
        if name == "verify":
            action.add_argument("folder", nargs="?", type=Path, help="default: the cache")
        if name == "convert":
            action.add_argument("data", metavar="FROM", help=SOURCES)
            action.add_argument("to", metavar="TO", type=Path,
                help="a new .npz file, or a new folder for four IDX files")  # fmt: skip
            add_size_options(action)


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


def _convert(options: argparse.Namespace) -> int:
    from chainrule.data.convert import write_dataset
    from chainrule.data.dataset import words_of_classes
    from chainrule.data.mnist import load_dataset

    say = notice(options.quiet)
    dataset = load_dataset(options.data, size=options.size, crop=options.crop, notice=say)
    write_dataset(dataset, options.to, say)
    if not options.quiet:
        train, test = len(dataset.train_images), len(dataset.test_images)
        height, width = dataset.image_shape
        print(
            f"{options.to}: {train:,} images to train on and {test:,} to test, {height}x{width} "
            f"pixels, {len(dataset.classes)} classes ({words_of_classes(dataset.classes)})"
        )
    return DONE


def _clear(options: argparse.Namespace) -> int:
    from chainrule.data.mnist import clear

    cleared = clear()
    if not options.quiet:
        count = len(cleared.files)
        print(f"{count} file{'' if count == 1 else 's'} removed, {cleared.size / 1e6:.1f} MB")
    return DONE
