import json

import pytest
from lab_client import Client

POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@pytest.fixture
def client(lab_server):
    return Client(lab_server)


def all_routes():
    server = pytest.importorskip("chainrule.lab.server", exc_type=ImportError)
    from chainrule.lab.networks import Lab

    app = server.create_app(Lab(None, {}), "token")
    routes = [(route.path, method) for route in app.app.routes for method in route.methods]
    return [(path.replace("{name:path}", "app.js"), m) for path, m in routes if m != "HEAD"]


def has_gate_headers(headers):
    return (
        headers["content-security-policy"] == POLICY
        and headers["x-content-type-options"] == "nosniff"
        and headers["cache-control"] == "no-store"
    )


def the_sentence(answer):
    status, headers, body = answer
    assert has_gate_headers(headers)
    sentence = json.loads(body)["error"]
    assert 20 < len(sentence) < 300
    assert sentence.endswith(".")
    return status, sentence


FOREIGN = ["evil.com", "127.0.0.1.evil.com", "127.0.0.1@evil.com", "localhost.", "0.0.0.0", "[::]"]


@pytest.mark.parametrize("host", [*FOREIGN, "127.0.0.1:", "127.0.0.1:1:1", "localhost:x", ""])
@pytest.mark.parametrize(("path", "method"), all_routes())
def test_no_route_answers_a_foreign_host(client, path, method, host):
    own = client.own_headers | {"Host": f"{host}:{client.port}" if host in FOREIGN else host}
    own["Origin"] = f"http://{own['Host']}"
    answer = client.send(method, path, own, b"{}" if method == "POST" else None)
    assert the_sentence(answer)[0] == 400


@pytest.mark.parametrize(("path", "method"), all_routes())
def test_no_route_answers_a_foreign_origin(client, path, method):
    for origin in (
        "http://evil.com",
        "null",
        f"https://127.0.0.1:{client.port}",
        "http://127.0.0.1:1",
    ):
        own = client.own_headers | {"Origin": origin}
        body = b"{}" if method == "POST" else None
        assert the_sentence(client.send(method, path, own, body))[0] == 403


@pytest.mark.parametrize(("path", "method"), all_routes())
def test_every_changing_route_needs_the_token_of_this_start(client, path, method):
    if method != "POST":
        assert client.send(method, path, None)[0] in (200, 400)
        return
    headers = client.own_headers
    if path == "/api/picture":
        headers["Content-Type"] = "application/octet-stream"
    for token in ("", "x" * len(client.token), client.token + "x", client.token[:-1], "\xe9"):
        own = headers | {"X-Chainrule-Token": token}
        status, _, body = client.send("POST", path, own, b"{}")
        assert status == 403
        assert json.loads(body)["reason"] == "token"
    twice = [*headers.items(), ("X-Chainrule-Token", client.token)]
    assert client.send("POST", path, twice, b"{}")[0] == 403


def test_the_routes_are_all_of_the_contract():
    assert {path for path, method in all_routes() if method == "POST"} == {
        *("/api/centre", "/api/forward", "/api/unit", "/api/picture"),
        *("/api/backward", "/api/follow", "/api/sum", "/api/curve", "/api/steps"),
    }
    assert {path for path, method in all_routes() if method == "GET"} == {
        *("/", "/static/app.js", "/api/lab", "/api/digit", "/api/digits", "/api/confusion"),
        *("/api/cell", "/api/difference", "/api/weights", "/api/wrong"),
    }


def test_no_host_and_two_hosts_are_refused(client):
    for version, hosts in (
        ("1.1", ""),
        ("1.0", ""),
        ("1.1", f"Host: 127.0.0.1:{client.port}\r\nHost: evil.com\r\n"),
        ("1.1", f"Host: 127.0.0.1:{client.port}\r\nHost: 127.0.0.1:{client.port}\r\n"),
    ):
        request = f"GET /api/lab HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n"
        status, _, body = client.raw(request.encode())
        assert status == 400
        assert b"networks" not in body


@pytest.mark.parametrize("port", [None, ":9000", ""])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_the_page_may_be_opened_by_each_name_of_this_machine_at_any_port(client, host, port):
    own = f"{host}:{client.port}" if port is None else host + port  # as by ssh -L 9000
    assert client.send("GET", "/api/lab", {"Host": own})[0] == 200
    headers = client.own_headers | {"Host": own, "Origin": f"http://{own.lower()}"}
    drawing = {"pixels": [0] * 4 + [255] + [0] * 4, "width": 3, "height": 3}
    body = json.dumps(drawing | {"network": "adam-seed0"}).encode()
    assert client.send("POST", "/api/centre", headers, body)[0] == 200


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:9000", "127.0.0.1"])
def test_an_origin_of_another_name_or_port_than_the_host_is_refused(client, host):
    own = client.own_headers | {"Host": host.format(port=client.port)}
    assert client.send("POST", "/api/centre", own, b"{}")[0] == 403


@pytest.mark.parametrize("missing", ["Origin", "Content-Type", "X-Chainrule-Token"])
def test_a_changing_request_without_a_header_of_the_page_is_refused(client, missing):
    own = {name: value for name, value in client.own_headers.items() if name != missing}
    status, sentence = the_sentence(client.send("POST", "/api/centre", own, b"{}"))
    assert status == {"Origin": 403, "Content-Type": 415, "X-Chainrule-Token": 403}[missing]
    assert missing in sentence


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application"],
)
def test_what_a_form_could_send_is_refused(client, kind):
    own = client.own_headers | {"Content-Type": kind}
    assert the_sentence(client.send("POST", "/api/centre", own, b"{}"))[0] == 415


def test_a_file_is_taken_at_its_own_address_alone(client):
    for path, kind in (("/api/picture", "application/json"), ("/api/centre", "image/png"),
                       ("/api/centre", "application/octet-stream"),
                       ("/api/picture", "multipart/form-data; boundary=x")):  # fmt: skip
        own = client.own_headers | {"Content-Type": kind}
        status, sentence = the_sentence(client.send("POST", path, own, b"{}"))
        assert status == 415
        assert sentence.startswith("The Content-Type of a POST here must be application/")


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "GARBAGE"])
def test_other_methods_are_refused_in_a_sentence(client, method):
    answer = client.send(method, "/api/lab", client.own_headers)
    assert the_sentence(answer)[0] == 405
    assert answer[1]["allow"] == "GET, HEAD, POST"
    assert "access-control-allow-origin" not in answer[1]


@pytest.mark.parametrize(
    ("target", "expected"), [("/", 200), ("/api/lab", 200), ("/nowhere", 404), ("/api/steps", 405)]
)
def test_a_head_is_answered_as_a_get_without_its_body(client, target, expected):
    status, headers, body = client.send("HEAD", target)
    assert (status, body) == (expected, b"")
    assert has_gate_headers(headers)
    assert headers["content-length"] == client.send("GET", target)[1]["content-length"]


def test_the_wrong_one_of_both_methods_is_named(client):
    assert the_sentence(client.send("GET", "/api/centre")) == (405, "This address takes POST.")
    answer = client.send("POST", "/api/lab", client.own_headers, b"{}")
    assert the_sentence(answer)[0] == 405


@pytest.mark.parametrize(
    "target",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2fserver.py",
        "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
        "/static/..%5cserver.py",
        "/static//etc/passwd",
        "/static/app.js%00.html",
        "/static/./app.js",
        "/static/index.html",
        "/static/",
        "/static",
        "/../../etc/passwd",
        "//evil.com/",
        "/api",
        "/api/lab/",
        "/favicon.ico",
        "http://evil.com/api/lab",
        "/%ff%fe",
    ],
)
def test_no_other_file_or_address_is_served(client, target):
    status, headers, body = client.send("GET", target)
    assert status == 404
    assert json.loads(body)["error"].endswith(".")
    assert has_gate_headers(headers)
    assert b"root:" not in body
    assert b"import" not in body


def test_the_pages_own_answers_have_the_headers_too(client):
    for target in ("/", "/api/lab", "/static/nothing"):
        assert has_gate_headers(client.send("GET", target)[1])
    _, headers, _ = client.send("GET", "/")
    assert "server" not in headers
    assert headers["content-type"] == "text/html; charset=utf-8"
