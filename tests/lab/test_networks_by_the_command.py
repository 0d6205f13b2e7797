import signal
import socket
import subprocess
import sys
import time

import pytest
from lab_client import address_of, start

from chainrule import cli

pytest.importorskip("starlette", reason="the lab's packages are not installed")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_lab_at_once_whoever_is_connected(lab_run, number, status):
    port = free_port()
    process = start(lab_run, "--port", str(port), stderr=subprocess.PIPE)
    port = int(address_of(process).rpartition(":")[2])
    idle, half = (socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(2))
    host = f"Host: 127.0.0.1:{port}\r\n"
    idle.sendall(f"GET /api/lab HTTP/1.1\r\n{host}\r\n".encode())
    assert idle.recv(15).startswith(b"HTTP/1.1 200")
    half.sendall(f"POST /api/centre HTTP/1.1\r\n{host}Content-Length: 9\r\n\r\n".encode())
    time.sleep(0.2)
    before = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - before < 1.5
    assert process.returncode == status
    assert "Traceback" not in errors
    idle.close()
    half.close()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_midst_of_an_answer_ends_the_lab(number, status):
    code = f"""
import os, sys, threading, urllib.request
from chainrule import cli
from chainrule.lab import server

async def app(scope, receive, send):
    os.kill(os.getpid(), {int(number)})
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": b"whole"}})

def ask(address):
    threading.Thread(target=urllib.request.urlopen, args=[address], daemon=True).start()

def lab(options):
    server.serve(None, server.listen({free_port()}, print), ask)

server.create_app = lambda *anything: app
cli.lab._lab = lab
sys.exit(cli.main(["lab"]))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert ended.returncode == status
    assert "ASGI" not in ended.stderr


def test_a_taken_port_gives_way_to_the_next_that_is_free(lab_run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(lab_run, "--port", str(port), stderr=subprocess.PIPE)
        used = int(address_of(process).rpartition(":")[2])
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert used > port
    assert f"Port {port} is taken: {used} is used." in errors


def test_the_lab_listens_on_this_machine_alone(lab_run):
    from chainrule.lab import server

    with server.listen(free_port(), print) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.family == socket.AF_INET


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_a_port_that_is_none_is_wrong_input(capsys, port):
    assert cli.main(["lab", "--port", port]) == 2
    assert "--port must lie from 1 to 65535" in capsys.readouterr().err


def test_help_says_what_the_lab_is(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["lab", "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("usage: chainrule lab")


def test_help_loads_neither_server_nor_numbers_of_others():
    code = (
        "import sys; from chainrule import cli\n"
        "try: cli.main(['lab', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'starlette', 'uvicorn', 'matplotlib', 'PIL'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_without_its_packages_the_lab_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette", None)
    assert cli.main(["lab"]) == 2
    assert "pip install 'chainrule[lab]'" in capsys.readouterr().err
