"""A mirror of MNIST on loopback, with all the manners that a mirror can have."""

import gzip
import io
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
from tiny_mnist import KERAS

from chainrule.data.download import Limits
from chainrule.data.idx import idx_bytes, read_idx

PATIENCE = Limits(connect=1.0, stall=0.7, file=1.2, openml=20.0)


class Handler(BaseHTTPRequestHandler):
    """The first part of the path says how to answer, the last which file is wanted."""

    def do_GET(self):
        manner, _, name = urlsplit(self.path).path.strip("/").rpartition("/")
        self.server.asked.append((manner, name))
        with suppress(ConnectionError):  # clients go away
            getattr(self, manner)(self.server.files.get(name, b""))

    def log_message(self, *_):
        pass

    def answer(self, content, status=200, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def good(self, content):
        self.answer(content)

    def together(self, content):
        self.server.barrier.wait(60)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for first in range(0, len(content), 1 + len(content) // 4):  # in four slow parts
            self.wfile.write(content[first : first + 1 + len(content) // 4])
            time.sleep(0.1)

    def forbidden(self, _):
        self.answer(b"no", 403)

    def page(self, _):
        self.answer(b"<!DOCTYPE html><title>Please log in to the school's network</title>")

    def wrong(self, content):
        data = bytearray(gzip.decompress(content))
        data[-1] ^= 1
        self.answer(gzip.compress(bytes(data)))

    def truncated(self, content):
        self.answer(content[: len(content) // 2])

    def broken_off(self, content):
        self.answer(content[: len(content) // 2], length=len(content))

    def endless(self, _):
        self.send_response(200)
        self.end_headers()
        while not self.server.over.is_set():
            self.wfile.write(bytes(2**16))

    def bomb(self, content):
        self.answer(gzip.compress(gzip.decompress(content)[:16] + bytes(10_000_000)))

    def larger(self, content):
        images = read_idx(content)
        self.answer(gzip.compress(idx_bytes(np.zeros(2 * images.size, np.uint8))))

    def silent(self, _):
        self.server.over.wait(30)

    def stalled(self, content):
        self.answer(content[:10], length=len(content))
        self.server.over.wait(30)

    def dripping(self, content):
        self.answer(b"", length=len(content))
        self.drip(content)

    def dripping_headers(self, _):
        self.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Patience: a virtue\r\n" * 1000)

    def drip(self, content):
        for i in range(len(content)):
            if self.server.over.wait(0.1):
                return
            self.wfile.write(content[i : i + 1])


def mirrored(arrays):
    """Return the files that a mirror of `arrays` has, by name."""
    files = {f"{name}.gz": gzip.compress(idx_bytes(array), 1) for name, array in arrays.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **dict(zip(KERAS, arrays.values(), strict=True)))
    return {**files, "mnist.npz": buffer.getvalue()}


@contextmanager
def serving(files):
    """Serve `files`; ``server.url("good")`` is the address of a mirror with such manners."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that closing waits for every answer
    server.files, server.asked = files, []
    server.over, server.barrier = threading.Event(), threading.Barrier(4)
    server.url = lambda manner: f"http://127.0.0.1:{server.server_port}/{manner}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
