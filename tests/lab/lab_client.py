"""How the tests speak to the lab: byte for byte, or as its page does."""

import json
import os
import re
import socket
import subprocess
import sys
from urllib.parse import urlencode, urlsplit

from chainrule.lab.words import sentence


def start(lab_run, *words, names_data=True, **options):
    """Start ``chainrule lab`` on the networks of `lab_run`, in the home that is theirs."""
    words = ["--data", lab_run.source, *words] if names_data else words
    home = {"HOME": str(lab_run.home), "XDG_CACHE_HOME": str(lab_run.home / ".cache")}
    command = ["lab", str(lab_run.path), "--no-browser", *words]
    return subprocess.Popen(
        [sys.executable, "-m", "chainrule", *command],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | home,
        **options,
    )


def address_of(process):
    """Wait until the lab that was started says its address; return it without its last slash."""
    said = process.stdout.readline()
    assert "http://127.0.0.1:" in said
    return said.split()[4].rstrip("/")


def said_in(body):
    """Return an answer; what the page is to say in it as a sentence."""
    answer = json.loads(body)
    return answer | {"error": sentence(answer["error"])} if "error" in answer else answer


class Client:
    """Sends to the lab at an address what a page, or somebody else, might send."""

    def __init__(self, address):
        self.address = address
        self.port = urlsplit(address).port
        self._token = None

    @property
    def token(self):
        if self._token is None:
            page = self.send("GET", "/")[2].decode()
            self._token = re.search(r'name="chainrule-token" content="([^"]+)"', page)[1]
        return self._token

    @property
    def own_headers(self):
        """Return the headers of the page's own changing request."""
        return {
            "Host": f"127.0.0.1:{self.port}",
            "Origin": self.address,
            "Content-Type": "application/json",
            "X-Chainrule-Token": self.token,
        }

    def raw(self, request, *more):
        """Send bytes as they are; return status, headers and body of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(request)
            for part in more:
                connection.sendall(part)
            answer = b""
            while part := connection.recv(65_536):
                answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return int(first.split()[1]), headers, body

    def send(self, method, target, headers=None, body=None):
        """Send a request with exactly these headers, and Connection: close."""
        headers = {"Host": f"127.0.0.1:{self.port}"} if headers is None else headers
        pairs = list(headers.items()) if isinstance(headers, dict) else headers
        if body is not None and "Content-Length" not in dict(pairs):
            pairs.append(("Content-Length", str(len(body))))
        pairs.append(("Connection", "close"))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in pairs)]
        return self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))

    def get(self, target):
        status, _, body = self.send("GET", target)
        return status, said_in(body)

    def give(self, name, content, network="adam-seed0"):
        """Send a file as the page does."""
        own = self.own_headers | {"Content-Type": "application/octet-stream"}
        target = f"/api/picture?{urlencode({'network': network, 'name': name})}"
        status, _, answer = self.send("POST", target, own, content)
        return status, said_in(answer)

    def post(self, target, fields, **headers):
        """Send JSON as the page does; `headers` replace its own, and None leaves one out."""
        own = self.own_headers | {key.replace("_", "-"): value for key, value in headers.items()}
        body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
        kept = {name: value for name, value in own.items() if value is not None}
        status, _, answer = self.send("POST", target, kept, body)
        return status, said_in(answer)
