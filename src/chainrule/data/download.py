"""MNIST from the network: several mirrors, none of them trusted, and a time limit on everything."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checks import ChainruleError, extra
from chainrule.data.dataset import MNIST, KnownFile, read_npz
from chainrule.data.idx import Numbers, idx_sha256, read_idx, write_idx
from chainrule.terminal import is_terminal, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from typing import TypeVar

    Result = TypeVar("Result")

OPENML = "https://www.openml.org/d/554"

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    OPENML,  # last, for it sends ten times as much to parse
)

_BEGINNINGS = (b"\x1f\x8b", b"PK", b"\0\0")  # of gzip, .npz and IDX files, not of a page of HTML
_SILENT = 3  # exit status of the child that asks OpenML
_NPZ_SIZE = 12_500_000  # bytes; Keras' file has 11.5 million
_NPY_HEADER = 1_024  # bytes, at most, that an array in an .npz has more than its numbers
_CHUNK = 2**16


@dataclass(frozen=True)
class Limits:
    """How long the network may take, in seconds.

    Attributes
    ----------
    connect : float
        To connect to a mirror; finding its address may take as long again.
    stall : float
        From one byte to the next.
    file : float
        For one file in all.
    openml : float
        For OpenML in all.
    first : float
        Until the first byte of an image, for all mirrors together. The start of the programme that
        asks OpenML is not the network's, and does not count.
    """

    connect: float = 3.0
    stall: float = 10.0
    file: float = 300.0
    openml: float = 300.0
    first: float = 12.0


LIMITS = Limits()


class NoMirror(ChainruleError):
    """No mirror gave the files.

    Attributes
    ----------
    silent : list of str
        The mirrors that were waited for in vain.
    """

    def __init__(self, message: str, silent: Sequence[str]) -> None:
        super().__init__(message)
        self.silent = list(silent)


class _Silence(ChainruleError):
    """A mirror let time go by in which no byte of an image came."""


class _FirstByte:
    """The wait for the first byte of an image, in which all mirrors share."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds
        self.share: float | None = None  # of the mirror that is asked; None once the byte has come
        self.has_come = False

    def next_mirror(self, mirrors: int) -> None:
        """Give half of what is left to the first of so many mirrors, or all to the last."""
        left = self.end - time.monotonic()
        self.share = None if self.has_come else left if mirrors == 1 else left / 2
        if self.share is not None and self.share <= 0:
            raise _Silence("no time was left to ask it")

    def wait(self, came: Future[None], task: Future[Any], seconds: float) -> None:
        """Wait until the byte `came`, the task has ended without it, or its `seconds` are over."""
        from concurrent.futures import FIRST_COMPLETED, wait

        if self.share is None:
            return
        wait((came, task), min(self.share, seconds), FIRST_COMPLETED)
        if came.done():
            self.has_come, self.share = True, None
        elif not task.done() and self.share < seconds:
            raise _Silence(f"no byte of an image within {self.share:.2g} s")


@dataclass(frozen=True)
class Network:
    """Where MNIST is fetched from, and who hears of it.

    Attributes
    ----------
    mirrors : sequence of str
        In this order: the address of a folder with the four ``.gz`` files, of an ``.npz`` file as
        Keras keeps it, or `OPENML`.
    limits : Limits
        How long they may take.
    notice : callable, optional
        Takes what a user should know meanwhile; None keeps silent and shows no progress.
    """

    mirrors: Sequence[str] = MIRRORS
    limits: Limits = LIMITS
    notice: Callable[[str], None] | None = tell

    def say(self, message: str) -> None:
        """Give a message to `notice`, if there is one."""
        if self.notice:
            self.notice(message)

    def download(self, wanted: Mapping[str, KnownFile]) -> tuple[dict[str, Numbers], str]:
        """Fetch files of MNIST from the first of the mirrors that has them whole.

        All mirrors are tried for a connection at once, so that without a network this ends within
        twice ``limits.connect``. Where they accept it and send no image, as behind a proxy that
        swallows all, it ends within ``limits.first``.

        Parameters
        ----------
        wanted : mapping
            Name of each file that is to be fetched -> what is known of it.

        Returns
        -------
        arrays : dict
            What each file wanted holds; its SHA-256 is the one that was known.
        mirror : str
            The mirror that completed them.

        Raises
        ------
        NoMirror
            If no mirror has them; the message says of each mirror why.
        """
        seconds, first = self.limits.connect, _FirstByte(self.limits.first)
        probes = [_in_background(_connect, mirror, seconds) for mirror in self.mirrors]
        probes_end = min(time.monotonic() + 2 * seconds, first.end)
        arrays: dict[str, Numbers] = {}
        failures, silent = [], []
        for number, (mirror, probe) in enumerate(zip(self.mirrors, probes, strict=True)):
            missing = {name: known for name, known in wanted.items() if name not in arrays}
            try:
                _result(probe, probes_end, _Silence(f"no answer within {2 * seconds:g} s"))
                self.say(f"Fetching MNIST from {mirror}")
                first.next_mirror(len(self.mirrors) - number)
                for name, array in self._fetch(mirror, missing, first):
                    if idx_sha256(array) != wanted[name].sha256:
                        raise ChainruleError(f"{name} is another file there (its SHA-256 is wrong)")
                    arrays[name] = array
                return arrays, mirror
            except ChainruleError as error:
                failures.append(f"{mirror}: {str(error).removesuffix('.')}")
                if isinstance(error, _Silence):
                    silent.append(mirror)
                if probe.done() and not probe.exception():
                    self.say(failures[-1])
        raise NoMirror(
            f"expected MNIST from the network, but no mirror gave it ({'; '.join(failures)}); "
            "connect to the network, or set CHAINRULE_DATA to a folder that holds the four files.",
            silent,
        )

    def _fetch(
        self, mirror: str, wanted: Mapping[str, KnownFile], first: _FirstByte
    ) -> Iterator[tuple[str, Numbers]]:
        """Yield name and content of each file wanted, unverified."""
        if mirror == OPENML or mirror.endswith(".npz"):
            from_one = self._openml if mirror == OPENML else self._npz
            arrays = from_one(mirror, first)
            yield from ((name, arrays[name]) for name in wanted)
            return
        for name, known in wanted.items():
            address = f"{mirror.rstrip('/')}/{name}.gz"
            content = self._get(address, known.packed, first)
            yield name, read_idx(content, limit=known.size, name=address)

    def _npz(self, address: str, first: _FirstByte) -> dict[str, Numbers]:
        largest = max(known.size for known in MNIST.values()) + _NPY_HEADER
        return read_npz(self._get(address, _NPZ_SIZE, first), limit=largest, name=address)

    def _openml(self, address: str, first: _FirstByte) -> dict[str, Numbers]:
        seconds = self.limits.openml if first.share is None else first.share
        if seconds < self.limits.connect:
            raise _Silence("no time was left to ask it")
        return _from_openml(self.limits, seconds)

    def _get(self, address: str, largest: int, first: _FirstByte) -> bytes:
        """Return what the server has at `address`, at most `largest` bytes of it."""
        from concurrent.futures import Future

        # requests, not pooch: pooch has no limit on the size, nor on the time in all
        seconds, came = self.limits.file, Future[None]()
        end = time.monotonic() + seconds
        task = _in_background(self._read_response, address, largest, came)
        first.wait(came, task, seconds)
        return _result(task, end, ChainruleError(f"not complete within {seconds:g} s"))

    def _read_response(self, address: str, largest: int, came: Future[None]) -> bytes:
        requests, urllib3 = extra("requests"), extra("urllib3")
        limits, end = self.limits, time.monotonic() + self.limits.file
        content = bytearray()
        name, hide = address.rpartition("/")[2], not self.notice or not is_terminal(sys.stderr)
        bar = extra("tqdm").tqdm(desc=name, disable=hide, delay=2, unit="B", unit_scale=True)
        how = {
            "timeout": (limits.connect, limits.stall),
            "headers": {"Accept-Encoding": "identity"},  # the files are compressed already
        }
        try:
            with bar, requests.get(address, stream=True, **how) as response:
                if response.status_code != 200:
                    raise ChainruleError(f"{response.status_code} {response.reason}")
                bar.total = int(response.headers.get("Content-Length", 0)) or None
                # read1 returns what is there, where read waits for a whole chunk from a slow server
                while chunk := response.raw.read1(_CHUNK, decode_content=False):
                    content += chunk
                    bar.update(len(chunk))
                    if content.startswith(_BEGINNINGS) and not came.done():
                        came.set_result(None)
                    if len(content) > largest:
                        raise ChainruleError(f"more than the {largest:,} bytes that were expected")
                    if time.monotonic() > end:
                        raise ChainruleError(f"not complete within {limits.file:g} s")
        except ChainruleError:
            raise
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            if not content:  # connecting, a proxy's answer, the server's: each has its own limit
                raise _Silence("no answer in time") from None
            raise ChainruleError(f"no byte within {limits.stall:g} s") from None
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            raise ChainruleError(f"the connection failed ({type(error).__name__})") from error
        return bytes(content)


def _connect(address: str, seconds: float) -> None:
    """Connect to the host that a request for `address` goes to, or to its proxy."""
    import socket
    from urllib.parse import urlsplit

    utils = extra("requests.utils")
    proxy = utils.select_proxy(address, utils.get_environ_proxies(address))
    parts = urlsplit(utils.prepend_scheme_if_needed(proxy, "http") if proxy else address)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 1080)
    try:
        socket.create_connection((parts.hostname, port), seconds).close()
    except OSError as error:
        silence = _Silence if isinstance(error, TimeoutError) else ChainruleError
        raise silence(f"no connection ({error.strerror or error})") from error


def _in_background(call: Callable[..., Result], *arguments: object) -> Future[Result]:
    """Run `call` in a thread that nothing waits for at the end of the programme."""
    import threading
    from concurrent.futures import Future

    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(call(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _result(future: Future[Result], end: float, problem: ChainruleError) -> Result:
    """Wait for `future`, but not beyond the time `end`, when its delay becomes the `problem`."""
    try:
        return future.result(max(end - time.monotonic(), 0))
    except TimeoutError:
        raise problem from None


def _from_openml(limits: Limits, first: float) -> dict[str, Numbers]:
    """Return what OpenML gives, fetched by a child process, which can be ended at any time.

    It ends by itself if no byte of the images has come `first` seconds after it began to ask.
    """
    import subprocess
    import tempfile
    from pathlib import Path

    seconds = limits.openml
    with tempfile.TemporaryDirectory(prefix="chainrule-", ignore_cleanup_errors=True) as folder:
        code = "import sys; from chainrule.data import download as d; d.openml_child(*sys.argv[1:])"
        # -P: a file random.py in the user's folder is not taken for Python's own
        times = (limits.stall, seconds, first)
        command = [sys.executable, "-P", "-c", code, folder, *map(str, times)]
        try:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            raise ChainruleError(f"not complete within {seconds:g} s") from None
        except subprocess.CalledProcessError as error:
            if error.returncode == _SILENT:
                raise _Silence(f"no byte of an image within {first:.2g} s") from None
            last = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise ChainruleError(last or f"its process ended with {error.returncode}") from None
        return {name: read_idx(Path(folder, name), limit=MNIST[name].size) for name in MNIST}


def openml_child(folder: str, stall: str, seconds: str, first: str) -> None:
    """Do what the child process does: `write_openml`, and end by itself if its parent died."""
    import faulthandler
    import socket
    from pathlib import Path

    faulthandler.dump_traceback_later(float(seconds) + 5, exit=True)
    socket.setdefaulttimeout(float(stall))
    extra("sklearn.datasets")  # takes its time before the network is asked
    _in_background(_end_without_images, Path(folder), float(first))
    write_openml(Path(folder))


def _end_without_images(folder: Path, seconds: float) -> None:
    """End this process if scikit-learn has written no byte of its .arff file after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError):  # scikit-learn moves what it has written
            if any(path.stat().st_size for path in folder.rglob("*.arff*")):
                return
        time.sleep(0.1)
    os._exit(_SILENT)


def write_openml(folder: Path, *, train_size: int = 60_000) -> None:
    """Fetch OpenML's dataset 554 with scikit-learn and write it as the four IDX files of MNIST.

    Parameters
    ----------
    folder : Path
        Takes the four files, and what `fetch_openml` keeps for itself.
    train_size : int
        How many of the images, from the first, are for training.
    """
    # Types given here take an eighth of the memory, and keep away from pandas' categories, at which
    # scikit-learn up to 1.9 stumbles with pandas from 3.1 on (its issue 34892).
    types = {**dict.fromkeys(range(28 * 28), "uint8"), 28 * 28: "str"}
    images, labels = extra("sklearn.datasets").fetch_openml(
        "mnist_784",
        version=1,
        return_X_y=True,
        parser="auto",
        data_home=folder,
        read_csv_kwargs={"dtype": types},
    )
    images = images.to_numpy(np.uint8).reshape(-1, 28, 28)
    labels = labels.str.strip("'").to_numpy().astype(np.uint8)
    parts = images[:train_size], labels[:train_size], images[train_size:], labels[train_size:]
    for name, part in zip(MNIST, parts, strict=True):
        write_idx(folder / name, part)
