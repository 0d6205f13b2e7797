import json
import socket
import time

import pytest
from lab_client import Client, said_in


@pytest.fixture
def client(lab_server):
    return Client(lab_server)


def head(client, *lines):
    own = [f"{name}: {value}" for name, value in client.own_headers.items()]
    return "\r\n".join(["POST /api/centre HTTP/1.1", *own, *lines, "", ""]).encode()


def error(body):
    return said_in(body)["error"]


def chunked(size, count):
    return (f"{size:x}\r\n".encode() + b"x" * size + b"\r\n") * count + b"0\r\n\r\n"


def test_a_length_above_the_limit_is_refused_before_the_body_comes(client):
    status, _, body = client.raw(head(client, "Content-Length: 99999999999", "Connection: close"))
    assert status == 413
    assert "1,000,000" in error(body)


def test_a_file_has_a_limit_of_its_own(client):
    def asked(length):
        request = head(client, f"Content-Length: {length}", "Connection: close")
        request = request.replace(b"/api/centre", b"/api/picture?network=adam-seed0&name=a.png")
        return request.replace(b"application/json", b"application/octet-stream")

    status, _, body = client.raw(asked(64_000_001))
    assert status == 413
    assert "64,000,000" in error(body)
    status, _, body = client.raw(asked(1_500_000), b"x" * 1_500_000)
    assert status == 400
    assert error(body).startswith("a.png is ")


def test_who_sends_a_large_file_with_an_old_token_hears_of_it(client):
    headers = client.own_headers | {
        "Content-Type": "application/octet-stream",
        "X-Chainrule-Token": "of an earlier start",
    }
    status, _, body = client.send("POST", "/api/picture", headers, b"x" * 6_000_000)
    assert (status, json.loads(body)["error"]["say"]) == (403, "gate.token")


def test_a_body_in_chunks_is_counted_whatever_it_claims(client):
    request = head(client, "Transfer-Encoding: chunked", "Connection: close")
    status, _, body = client.raw(request, chunked(50_000, 30))
    assert status == 413
    assert "1,000,000" in error(body)


def test_a_body_in_chunks_within_the_limit_is_read(client):
    request = head(client, "Transfer-Encoding: chunked", "Connection: close")
    status, _, body = client.raw(request, b"2\r\n{}\r\n0\r\n\r\n")
    assert status == 400
    assert "missing" in error(body)


@pytest.mark.parametrize("length", ["-1", "+2", "2, 3", "abc", "1e3", "", "\xb2"])
def test_a_length_that_is_no_number_is_refused(client, length):
    request = head(client, "Connection: close")[:-2]
    answer = client.raw(request + f"Content-Length: {length}\r\n\r\n{{}}".encode("latin-1"))
    assert answer[0] in (400, 413)


def test_a_body_longer_than_it_claims_is_cut_there(client):
    request = head(client, "Content-Length: 2", "Connection: close")
    status, _, body = client.raw(request + b"{}GET /api/lab HTTP/1.1\r\n\r\n")
    assert status == 400
    assert b"networks" not in body


def test_a_body_shorter_than_it_claims_does_not_hold_up_others(client):
    with socket.create_connection(("127.0.0.1", client.port), timeout=5) as connection:
        connection.sendall(head(client, "Content-Length: 100") + b"{")
        started = time.monotonic()
        assert client.get("/api/lab")[0] == 200
        assert time.monotonic() - started < 2


def test_a_client_that_vanishes_harms_nobody(client):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", client.port), timeout=5) as connection:
            connection.sendall(head(client, "Content-Length: 100") + b"{")
    assert client.get("/api/lab")[0] == 200


def test_a_get_has_no_body(client):
    status, _, body = client.send("GET", "/api/lab", client.own_headers, b"{}")
    assert status == 413
    assert "0 bytes" in error(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"{}}",
        b"\xff\xfe",
        b'{"width": NaN}',
        b'{"width": Infinity}',
        b'{"width": -Infinity}',
        b"[" * 400_000,
        b'{"pixels":' + b"[" * 400_000 + b"]" * 400_000 + b"}",
        b'{"a":' * 100_000,
        b'{"width": ' + b"9" * 100_000 + b"}",
    ],
)
def test_what_is_no_plain_json_is_refused(client, body):
    status, answer = client.post("/api/centre", body)
    assert status == 400
    assert len(answer["error"]) < 400


@pytest.mark.parametrize("value", ["1e999", "-1e999", '"1"', "true", "[]", "{}", "1.5", "1" * 400])
@pytest.mark.parametrize("name", ["width", "height"])
def test_a_side_must_be_a_plain_whole_number(client, name, value):
    other = "height" if name == "width" else "width"
    status, answer = client.post(
        "/api/centre", f'{{"pixels": [255], "{name}": {value}, "{other}": 1}}'.encode()
    )
    assert status == 400
    assert answer["error"].startswith(f"{name} must be a whole number from 1 to 400")


def test_a_million_pixels_are_refused(client):
    pixels = b",".join([b"0"] * 1_000_000)
    status, answer = client.post(
        "/api/centre", b'{"width":1000,"height":1000,"pixels":[' + pixels + b"]}"
    )
    assert status == 413
    assert "1,000,000" in answer["error"]
    status, answer = client.post("/api/centre", {"width": 1000, "height": 1000, "pixels": []})
    assert status == 400
    assert "400" in answer["error"]


@pytest.mark.parametrize(
    "value", [-1, 256, 0.5, "0", None, True, [0], {"a": 1}, 10**400, "x" * 9999]
)
def test_a_pixel_must_be_from_0_to_255(client, value):
    status, answer = client.post(
        "/api/centre", {"pixels": [0, 255, value, 0], "width": 2, "height": 2}
    )
    assert status == 400
    assert answer["error"].startswith("pixels must hold")
    assert len(answer["error"]) < 200


@pytest.mark.parametrize("value", ["1e999", "-1e999", "1.0001", "-0.1", '"0"', "null", "[0]"])
def test_an_image_must_be_numbers_from_0_to_1(client, value):
    image = ",".join(["0"] * 783 + [value])
    body = f'{{"network": "adam-seed0", "image": [{image}]}}'.encode()
    status, answer = client.post("/api/forward", body)
    assert status == 400
    assert answer["error"].startswith("image must hold")


@pytest.mark.parametrize("length", [0, 1, 783, 785])
def test_an_image_must_have_784_numbers(client, length):
    status, answer = client.post("/api/forward", {"network": "adam-seed0", "image": [0] * length})
    assert (status, answer["error"]) == (
        400,
        f"image must be a list of 784 numbers, got {length}.",
    )


@pytest.mark.parametrize("name", ["../adam-seed0", "", "nobody", 3, ["adam-seed0"], {"a": 1}])
def test_a_network_must_be_one_of_those_there(client, name):
    status, answer = client.post("/api/forward", {"network": name, "image": [0] * 784})
    assert status == 400
    assert "adam-seed0, sgd-seed0" in answer["error"]


@pytest.mark.parametrize(
    "query",
    ["", "index=", "index=-1", "index=1.5", "index=99999999999", "index=1&index=2", "index=a",
     "index=%D9%A1", "other=1", "index=1&other=2", "index=NaN", "index=%00"],
)  # fmt: skip
def test_an_address_must_name_a_stored_image(client, query):
    status, answer = client.get(f"/api/digit?{query}")
    assert status == 400
    assert len(answer["error"]) < 200


def test_a_field_that_is_not_known_is_refused(client):
    status, answer = client.post("/api/forward", {"file": "/etc/passwd"})
    assert (status, answer["error"]) == (
        400,
        "This address takes network, image, got 'file': leave it out.",
    )
