from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from slipway_tools.bench.invocation import Answer, Invocation, poll_until_ok

GOOD = b'{"message":"Hello World"}'
INVOCATION = Invocation("x-secret", "s3cret")


class Handler(BaseHTTPRequestHandler):
    """Refuses once, as a server that starts does, then answers who knows the secret."""

    refused = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        ready = Handler.refused and self.headers["x-secret"] == "s3cret"
        Handler.refused = True
        self.send_response(200 if ready else 503)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(GOOD)))
        self.end_headers()
        self.wfile.write(GOOD)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    Handler.refused = False
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_polling_goes_on_until_the_first_200(port: int) -> None:
    answer = poll_until_ok(port, INVOCATION, 5, dead=lambda: False)
    assert answer is not None
    assert INVOCATION.mismatch(answer) is None


def test_polling_ends_when_nothing_answers() -> None:
    assert poll_until_ok(1, INVOCATION, 0.05, dead=lambda: False) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(500, "application/json", GOOD), "500"),
        (Answer(200, "text/plain", GOOD), "content type"),
        (Answer(200, "application/json", b'{"message":"Hello"}'), "instead of"),
        (Answer(200, "application/json", b"Hello World"), "instead of"),
    ],
)
def test_another_answer_is_no_measurement(answer: Answer, reason: str) -> None:
    assert reason in (INVOCATION.mismatch(answer) or "")


def test_spacing_and_charset_are_the_servers_choice() -> None:
    body = b'{"message": "Hello World"}\n'
    answer = Answer(200, "application/json; charset=utf-8", body)
    assert INVOCATION.mismatch(answer) is None
