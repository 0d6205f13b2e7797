"""The one gate before all routes: what does not come from the lab's own page does not pass.

A web page of anyone's can make a browser ask 127.0.0.1, and a name of anyone's can be made to point
there. So the host must be this machine by one of its own names, and a changing request must come
from the page that this start of the server gave out. The port may be another: ``ssh -L`` has one.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import re
from collections.abc import Container
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chainrule.lab.words import library, said, sentence

BODY_LIMIT = 1_000_000  # bytes
BODY_SECONDS = 10
UPLOAD_LIMIT = 64_000_000  # bytes of a file: twice a telephone's largest photograph
UPLOAD_SECONDS = 60
JSON, BYTES = "application/json", "application/octet-stream"
DRAINED = 4 * BODY_LIMIT  # thrown away of a body that is refused: whoever still sends hears nothing
DRAIN_SECONDS = 2
HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")
METHODS = ("GET", "HEAD", "POST")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
TOKEN_HEADER = "X-Chainrule-Token"


class Refusal(Exception):
    """Why a request does not pass: a status and what is said of it."""

    def __init__(self, status: int, key: str, **values: Any) -> None:
        self.status, self.said = status, said(f"gate.{key}", **values)
        super().__init__(sentence(self.said))

    def answer(self) -> JSONResponse:
        """Return it as the page takes it."""
        # What is left of a body that was not read is not a request.
        headers = {"Connection": "close"} | (
            {"Allow": ", ".join(METHODS)} if self.status == 405 else {}
        )
        return JSONResponse({"error": self.said}, self.status, headers)


class Gate:
    """Lets the page's own requests through to `app`, and puts the headers on every answer.

    Parameters
    ----------
    app : ASGI application
    token : str
        Of this start; the page sends it with every changing request.
    uploads : container of str
        The addresses whose body is a file, and no JSON.
    """

    def __init__(self, app: ASGIApp, token: str, uploads: Container[str] = ()) -> None:
        self.app, self.token, self.uploads = app, token, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI asks."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, _with_headers(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(scope, receive)
        is_file = scope["path"] in self.uploads
        limit, seconds = (UPLOAD_LIMIT, UPLOAD_SECONDS) if is_file else (BODY_LIMIT, BODY_SECONDS)
        try:
            self._check(scope["method"], Headers(scope=scope), BYTES if is_file else JSON)
            whole = await body.read(limit if scope["method"] == "POST" else 0, seconds)
        except Refusal as refusal:
            await body.drop(UPLOAD_LIMIT if is_file else DRAINED)
            await refusal.answer()(scope, receive, send)
        except _Vanished:
            return
        else:
            await self.app(scope, _giving(whole, receive), send)

    def _check(self, method: str, headers: Headers, kind: str) -> None:
        """Raise the refusal of a request whose head alone shows that it must not pass."""
        hosts = [host.lower() for host in headers.getlist("Host")]
        if len(hosts) != 1 or not HOST.fullmatch(hosts[0]):
            raise Refusal(400, "host", came=_listed(hosts))
        if method not in METHODS:
            raise Refusal(405, "method", methods=", ".join(METHODS), came=method[:20])
        origins = headers.getlist("Origin")
        if origins not in ([], [f"http://{hosts[0]}"]):
            raise Refusal(403, "origin", host=hosts[0], came=_listed(origins))
        if method == "POST":
            self._check_changing(headers, kind)

    def _check_changing(self, headers: Headers, kind: str) -> None:
        if "Origin" not in headers:
            raise Refusal(403, "no_origin")
        kinds = headers.getlist("Content-Type")
        if [one.partition(";")[0].strip().lower() for one in kinds] != [kind]:
            raise Refusal(415, "kind", kind=kind, came=_listed(kinds))
        tokens = headers.getlist(TOKEN_HEADER)
        if len(tokens) != 1 or not hmac.compare_digest(tokens[0].encode(), self.token.encode()):
            raise Refusal(403, "token" if tokens else "no_token", header=TOKEN_HEADER)


class _Vanished(Exception):
    """The client has gone before its body came."""


class _Body:
    """The body of one request, read part by part and never kept beyond a limit."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.receive, self.has_ended = receive, False
        lengths = Headers(scope=scope).getlist("Content-Length")
        are_numbers = all(re.fullmatch("[0-9]{1,15}", length) for length in lengths)
        self.claimed = max(map(int, lengths), default=0) if are_numbers else math.inf

    async def read(self, limit: int, seconds: int) -> bytes:
        """Return the whole body, whatever length it claims.

        Raises
        ------
        Refusal
            If it is longer than `limit`, or does not come within so many seconds.
        """
        too_long = Refusal(413, "too_long", bytes=limit)
        if self.claimed > limit:
            raise too_long
        body = bytearray()
        try:
            async with asyncio.timeout(seconds):
                while not self.has_ended:
                    body += await self._part()
                    if len(body) > limit:
                        raise too_long
        except TimeoutError:
            raise Refusal(408, "late", seconds=seconds) from None
        return bytes(body)

    async def drop(self, limit: int) -> None:
        """Throw away what is left, so that its sender listens; of a very long body nothing."""
        if self.claimed > limit:
            return
        size = 0
        with suppress(TimeoutError, _Vanished):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self.has_ended and size <= limit:
                    size += len(await self._part())

    async def _part(self) -> bytes:
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise _Vanished
        self.has_ended = not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part


def _listed(values: list[str]) -> dict[str, Any]:
    """Return what came in a header, but for what is long."""
    return library(" and ".join(values)[:80]) if values else said("gate.none")


def _giving(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body that has been read, and then what comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return send_with_headers
