"""Two Secrets Managers on loopback: moto's server, in a process of its own, and one that says what a test wrote."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import boto3  # type: ignore[import-untyped]  # it has no types
import pytest

REGION = "eu-central-1"


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """The address of the server."""
    if find_spec("moto") is None:  # not imported: it changes botocore
        pytest.skip("needs moto's server: pip install 'moto[server]'")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home,
        env={**os.environ, "HOME": str(home)},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(process, f"{url}/moto-api/data.json")
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def server(moto):
    """The server with nothing in it."""
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()
    return moto


@pytest.fixture
def manager(server):
    """The client with which secrets are put there."""
    session = boto3.session.Session("testing", "testing", region_name=REGION)
    with closing(session.client("secretsmanager", endpoint_url=server)) as made:
        yield made


def _wait_for(process, url):
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(url).close()
            return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise RuntimeError("moto's server does not start")


class Script:
    """A server that says what the test wrote: for each call a status, headers and a body, then the last for ever."""

    def __init__(self):
        self.answers = []
        self.calls = []
        self.url = ""

    def says(self, body, status=200, **headers):
        self.answers.append((status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()))
        return self

    def fails(self, code, status=400, message="canary-c0ffee", **headers):
        return self.says({"__type": code, "Message": message, "message": message}, status, **headers)

    def next(self, action, body, headers):
        self.calls.append((action, json.loads(body), headers))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def script():
    made = Script()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            action = self.headers["X-Amz-Target"].rpartition(".")[2]
            status, headers, content = made.next(action, body, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture(autouse=True)
def _no_credentials_of_this_machine(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
