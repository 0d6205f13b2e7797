import asyncio
from contextlib import suppress

import pytest
from lab_client import said_in

from chainrule.lab.networks import Lab
from loops import run_in_own_loop

gate = pytest.importorskip("chainrule.lab.gate", exc_type=ImportError)
server = pytest.importorskip("chainrule.lab.server", exc_type=ImportError)
uvicorn = pytest.importorskip("uvicorn")

OWN = {
    "Host": "127.0.0.1:1",
    "Origin": "http://127.0.0.1:1",
    "Content-Type": "application/json; charset=utf-8",
    "X-Chainrule-Token": "token",
}


def call(app, scope, *messages):
    """Let an application answer one scope; return what it sent."""
    waiting, sent = list(messages), []

    async def receive():
        return waiting.pop(0) if waiting else await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    run_in_own_loop(app(scope, receive, send))
    return sent


def request(method="GET", path="/api/lab", headers=OWN, query=b""):
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query, "headers": pairs, "root_path": "",
    }  # fmt: skip


def body(part=b"", more=False):
    return {"type": "http.request", "body": part, "more_body": more}


class Reached(Exception):
    """The application behind the gate was reached."""


@pytest.fixture
def gated():
    async def reached(scope, receive, send):
        raise Reached((await receive())["body"])

    return gate.Gate(reached, "token")


def test_the_pages_own_request_reaches_the_application_whole(gated):
    with pytest.raises(Reached) as came:
        call(gated, request("POST"), body(b'{"a"', more=True), body(b": 1}"))
    assert came.value.args == (b'{"a": 1}',)


def test_a_body_that_does_not_come_in_time_is_refused(gated, monkeypatch):
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(gate, "DRAIN_SECONDS", 0.05)
    start, answer = call(gated, request("POST"), body(b"{", more=True))
    assert start["status"] == 408
    assert "within" in said_in(answer["body"])["error"]


def test_a_client_that_has_gone_is_not_answered(gated):
    assert call(gated, request("POST"), body(b"{", more=True), {"type": "http.disconnect"}) == []


def test_a_refused_body_is_read_away_but_not_for_ever(gated):
    endless = [body(b"x" * 100_000, more=True) for _ in range(100)]
    wrong = request("POST", headers=OWN | {"X-Chainrule-Token": "other"})
    left = len(endless)

    async def receive():
        nonlocal left
        left -= 1
        return endless[0]

    sent = []

    async def send(message):
        sent.append(message)

    run_in_own_loop(gated(wrong, receive, send))
    assert sent[0]["status"] == 403
    assert 0 < left < 70


def test_a_websocket_is_closed(gated):
    assert call(gated, {"type": "websocket", "path": "/"}) == [
        {"type": "websocket.close", "code": 1008}
    ]


def test_a_fault_of_the_lab_is_answered_in_a_sentence_with_all_headers():
    app = server.create_app(Lab(None, {}), "token")
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return body()

    with pytest.raises(AttributeError):  # for the terminal
        run_in_own_loop(app(request(path="/api/digit", query=b"index=1"), receive, send))
    assert sent[0]["status"] == 500
    assert said_in(sent[1]["body"])["error"].startswith("The lab failed at this")
    names = {name for name, _ in sent[0]["headers"]}
    assert {b"content-security-policy", b"x-content-type-options", b"cache-control"} <= names


def test_a_page_of_this_start_has_its_token_and_no_other(tmp_path):
    page = '<meta name="chainrule-token" content="old">'
    (tmp_path / "index.html").write_text(f"<head>{page}</head>")
    app = server.create_app(Lab(None, {}), "new-token", tmp_path)
    sent = call(app, request(path="/"), body())
    assert sent[1]["body"] == b'<head><meta name="chainrule-token" content="new-token"></head>'


def test_files_are_read_once_and_served_by_their_kind(tmp_path):
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "secret.py").write_text("2")
    app = server.create_app(Lab(None, {}), "token", tmp_path)
    (tmp_path / "a.js").write_text("changed")
    sent = call(app, request(path="/static/a.js"), body())
    assert sent[1]["body"] == b"1"
    assert (b"content-type", b"text/javascript; charset=utf-8") in sent[0]["headers"]
    for name in ("secret.py", "b.js", "index.html"):
        assert call(app, request(path=f"/static/{name}"), body())[0]["status"] == 404


def test_an_installation_without_a_page_says_so(tmp_path):
    app = server.create_app(Lab(None, {}), "token", tmp_path)
    start, answer = call(app, request(path="/"), body())
    assert start["status"] == 404
    assert "install it anew" in said_in(answer["body"])["error"]


def spoken(monkeypatch, *parts, answer_seconds=0.0):
    """Say parts to a server that waits 0.2 seconds for a head; return what came until the end."""
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)

    async def app(scope, receive, send):
        await asyncio.sleep(answer_seconds)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"answered"})

    async def speak():
        config, loop = server.configured(app), asyncio.get_running_loop()
        state = uvicorn.server.ServerState()
        listening = await loop.create_server(
            lambda: server.Connection(config, state, {}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        came = bytearray()

        async def hear():
            with suppress(ConnectionError):
                while part := await reader.read(1000):
                    came.extend(part)

        hearing = asyncio.create_task(hear())
        for part in parts:
            if not hearing.done():
                writer.write(part)
                await asyncio.sleep(0.02)
        await asyncio.wait_for(hearing, 30)
        writer.close()
        listening.close()
        return bytes(came)

    return run_in_own_loop(speak())


def test_a_connection_on_which_no_whole_head_comes_is_closed(monkeypatch):
    assert spoken(monkeypatch) == b""
    dribbled = [b"GET / HTTP/1.1\r\n", *[b"X: y\r\n"] * 100, b"\r\n"]
    assert spoken(monkeypatch, *dribbled) == b""
    whole = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert spoken(monkeypatch, whole, *dribbled).count(b"answered") == 1


def test_an_answer_that_takes_long_is_not_cut_off(monkeypatch):
    whole = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert spoken(monkeypatch, whole, answer_seconds=0.5).count(b"answered") == 1


def test_what_strangers_send_prints_nothing(monkeypatch, capfd):
    socket = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert b"HTTP/1.1 200" in spoken(monkeypatch, socket)
    assert b"HTTP/1.1 400" in spoken(monkeypatch, b"\x16\x03\x01 TLS\r\n\r\n")
    assert capfd.readouterr() == ("", "")
