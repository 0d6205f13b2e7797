"""The server of the lab: every address, behind one gate, on this machine alone."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from chainrule.checks import ChainruleError
from chainrule.experiments.stopping import hearing
from chainrule.lab import answers, learn, photos
from chainrule.lab.asked import Asked, read_json
from chainrule.lab.gate import Gate
from chainrule.lab.networks import Lab
from chainrule.lab.page import KINDS, PAGE, STATIC, encoded, static_files, with_token
from chainrule.lab.walk import batch, cards, curve, following, steps
from chainrule.lab.words import Refused, library, said
from chainrule.terminal import command

LOOPBACK = "127.0.0.1"
PORTS_TRIED = 50
HEAD_SECONDS = 60
Answer = Callable[[Lab, Asked], dict[str, Any]]
PLACE = ("layer", "name", "at")  # of one parameter

# Address -> the names that a request may give, and what answers it.
ASKING: dict[str, tuple[tuple[str, ...], Answer]] = {
    "/api/lab": ((), answers.lab),
    "/api/digit": (("index",), answers.digit),
    "/api/digits": (("label",), answers.digits),
    "/api/weights": (("network",), answers.weights),
    "/api/confusion": (("network",), answers.confusion),
    "/api/cell": (("network", "true", "predicted"), answers.cell),
    "/api/difference": (("a", "b"), answers.difference),
    "/api/wrong": (("network",), answers.wrong),
    "/api/network": (("network",), learn.network),
}
CHANGING: dict[str, tuple[tuple[str, ...], Answer]] = {
    "/api/centre": (("network", "pixels", "width", "height"), answers.centre),
    "/api/doubt": (("image",), answers.doubt),
    "/api/forward": (("network", "image"), answers.forward),
    "/api/unit": (("network", "image", "layer", "unit"), answers.unit),
    "/api/backward": (batch.FIELDS, cards.backward),
    "/api/follow": ((*batch.FIELDS, *PLACE, "row"), following.follow),
    "/api/sum": ((*batch.FIELDS, "layer", "row", "unit"), following.open_sum),
    "/api/curve": ((*batch.FIELDS, *PLACE, "h"), curve.curve),
    "/api/steps": ((*batch.FIELDS, *PLACE, "optimizer", "rate", "count"), steps.steps),
    "/api/learn": (learn.OPEN, learn.open_run),
    "/api/learn/turn": (learn.TURN, learn.turn),
    "/api/learn/look": (learn.LOOK, learn.look),
}


# The same, with a file for its body.
UPLOADS: dict[str, tuple[tuple[str, ...], Callable[[Lab, Asked, bytes], dict[str, Any]]]] = {
    "/api/picture": (("network", "name"), photos.picture),
}


def create_app(lab: Lab, token: str, static: Path = STATIC) -> Gate:
    """Return the application: the routes behind the gate.

    Parameters
    ----------
    lab : Lab
    token : str
        Of this start.
    static : Path
        The folder of the page and its files; read now, and not again.
    """
    files = static_files(static)
    page = files.pop(PAGE, None)

    # No answer runs beside another: a layer keeps what its last forward saw.
    async def give_page(request: Request) -> Response:
        if page is None:
            raise _NotThere(said("served.no_page"))
        return Response(with_token(page.decode(), token), media_type=KINDS[".html"])

    async def give_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise _NotThere(said("served.no_file", name=repr(name[:60])))
        return Response(files[name], media_type=KINDS[Path(name).suffix])

    routes = [Route("/", give_page), Route("/static/{name:path}", give_file)]
    routes += [Route(path, _asking(lab, *entry)) for path, entry in ASKING.items()]
    routes += [Route(path, _changing(lab, *entry), methods=["POST"])
               for path, entry in CHANGING.items()]  # fmt: skip
    routes += [Route(path, _reading(lab, *entry), methods=["POST"])
               for path, entry in UPLOADS.items()]  # fmt: skip
    handlers: Mapping[Any, Any] = {
        HTTPException: _not_served,
        ChainruleError: _wrong_input,
        Exception: _failed,
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Gate(app, token, UPLOADS)


def _asking(lab: Lab, names: tuple[str, ...], answer: Answer) -> Any:
    async def respond(request: Request) -> Response:
        return as_json(answer(lab, Asked.of_query(request.query_params.multi_items(), names)))

    return respond


def _changing(lab: Lab, names: tuple[str, ...], answer: Answer) -> Any:
    async def respond(request: Request) -> Response:
        return as_json(answer(lab, Asked(read_json(await request.body()), names)))

    return respond


def _reading(
    lab: Lab, names: tuple[str, ...], answer: Callable[[Lab, Asked, bytes], dict[str, Any]]
) -> Any:
    async def respond(request: Request) -> Response:
        asked = Asked.of_query(request.query_params.multi_items(), names)
        return as_json(answer(lab, asked, await request.body()))

    return respond


def as_json(answer: Mapping[str, Any], status: int = 200) -> Response:
    """Return an answer as compact JSON."""
    return Response(encoded(answer), status, media_type="application/json")


class _NotThere(HTTPException):
    """A file that there is not, and what is said of it."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        super().__init__(404)
        self.said = words


async def _wrong_input(request: Request, error: ChainruleError) -> Response:
    words = error.said if isinstance(error, Refused) else library(str(error))
    return as_json({"error": words}, 400)


async def _not_served(request: Request, error: HTTPException) -> Response:
    headers = error.headers or {}
    if error.status_code == 405:
        words = said("served.method", methods=headers.get("Allow", ""))
    else:
        words = getattr(error, "said", said("served.no_address"))
    response = as_json({"error": words}, error.status_code)
    response.headers.update(headers)
    return response


async def _failed(request: Request, error: Exception) -> Response:
    return as_json({"error": said("served.failed")}, 500)


# ---- listening ----


def check_event_loop() -> None:
    """Raise an error within a notebook: its event loop lets no other run in its thread."""
    with suppress(RuntimeError):  # none is running
        asyncio.get_running_loop()
        raise ChainruleError(
            "The lab cannot run within an event loop such as a notebook's: start it in a terminal, "
            f"with {command('lab')}"
        )


def listen(port: int, say: Callable[[str], None]) -> socket.socket:
    """Return a socket of this machine alone, at `port` or, where that is taken, the next free one.

    Raises
    ------
    ChainruleError
        If none of fifty is free, or the port must not be used.
    """
    last = min(port + PORTS_TRIED, 65_536)
    for candidate in range(port, last):
        try:
            listener = _bound(candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ChainruleError(
                    f"Port {candidate} cannot be listened on ({error.strerror}): "
                    "name another with --port."
                ) from error
        else:
            if candidate != port:
                say(f"Port {port} is taken: {candidate} is used.")
            return listener
    raise ChainruleError(f"The ports {port} to {last - 1} are all taken: name another with --port.")


def _bound(port: int) -> socket.socket:
    # With the protocol named asyncio sends at once; else each answer waits 40 ms for the last.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # else it would let two servers listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """Ends at once on a signal, and waits for no client."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGTERM end the server's own task, as asyncio does with SIGINT.

        A handler that raises may be called in the midst of an answer; there its exception would
        pass for a fault of the answer, and the server would go on.
        """
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        received = []

        def end(number: int, frame: object) -> None:
            received.append(number)
            loop.call_soon_threadsafe(task.cancel)

        try:
            with hearing(end, signal.SIGTERM):
                yield
        finally:
            if received:
                signal.raise_signal(received[0])


class Connection(H11Protocol):
    """A connection that ends where no whole head of a request comes within a minute."""

    waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Wait for the next."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        if self.waiting:
            self.waiting.cancel()

    def _wait(self) -> None:
        if self.waiting:
            self.waiting.cancel()
        self.waiting = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def serve(lab: Lab, listener: socket.socket, on_ready: Callable[[str], None]) -> None:
    """Serve the lab until a signal ends it.

    Parameters
    ----------
    lab : Lab
    listener : socket
        From `listen`.
    on_ready : callable
        Takes the address once the page can be opened.
    """
    config = configured(create_app(lab, secrets.token_urlsafe(32)))
    on_ready(f"http://{LOOPBACK}:{listener.getsockname()[1]}/")
    log = logging.getLogger("uvicorn.error")
    try:
        with listener, asyncio.Runner() as runner:
            try:
                runner.run(_Server(config).serve(sockets=[listener]))
            finally:
                log.disabled = True  # requests that are cut off at the end are no faults
    finally:
        log.disabled = False


def configured(app: Any) -> uvicorn.Config:
    """Return how an application is served; what strangers send is not told to the terminal."""
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="error",
        use_colors=False,
    )
