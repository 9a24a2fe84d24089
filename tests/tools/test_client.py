"""What goes over the wire, judged by a server that keeps it."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import define, field
from slipway_tools import client
from slipway_tools.client import Call
from slipway_tools.errors import ToolError


@define
class Far:
    """A server that keeps requests and answers as it is told."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(factory=dict)
    body: bytes = b"{}"
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(factory=list)


@pytest.fixture
def far() -> Iterator[Far]:
    state = Far()

    class Handler(http.server.BaseHTTPRequestHandler):
        def parse_request(self) -> bool:
            if not super().parse_request():
                return False
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.seen.append((self.command, self.path, headers, body))
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)
            return False

        def log_message(self, *ignored: object) -> None:
            """Silent."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()


def _result(**changes: Any) -> bytes:
    result = {
        "status": 200,
        "headers": {},
        "body": "",
        "encoding": "utf-8",
        "logs": [],
        "truncated": False,
        "error": None,
        "duration_ms": 2.0,
    }
    return json.dumps(result | changes).encode()


def _invoke(far: Far, call: Call) -> client.Answer:
    return client.invoke("127.0.0.1", far.port, "s3cret", call)


def test_the_envelope_carries_all_of_a_call(far: Far) -> None:
    far.body = _result()
    _invoke(far, Call({"a": "é"}, {"x-a": "1"}, {"E": "2"}, "PUT", "/p/q?x=1&x=2", timeout="2.5"))
    method, path, headers, body = far.seen[0]
    assert (method, path) == ("POST", "/")
    assert headers["x-runtime-secret"] == "s3cret"
    assert headers["x-runtime-timeout"] == "2.5"
    assert headers["x-runtime-result"] == "envelope"
    assert json.loads(body) == {
        "payload": {"a": "é"},
        "headers": {"x-a": "1"},
        "env": {"E": "2"},
        "method": "PUT",
        "path": "/p/q",
        "query": "x=1&x=2",
    }


def test_raw_mode_sends_the_request_as_it_is(far: Far) -> None:
    far.body = _result()
    call = Call(
        method="PURGE",
        target="/a//b?c=%20",
        raw=True,
        body=b"\x00\xff",
        headers={"Content-Type": "image/png"},
    )
    _invoke(far, call)
    method, path, headers, body = far.seen[0]
    assert (method, path, body) == ("PURGE", "/a//b?c=%20", b"\x00\xff")
    assert headers["content-type"] == "image/png"
    assert headers["x-runtime-mode"] == "raw"


def test_bytes_that_are_no_text_come_back_as_they_are(far: Far) -> None:
    far.body = _result(body=base64.b64encode(b"\xff\x00").decode(), encoding="base64", status=202)
    answer = _invoke(far, Call())
    assert (answer.status, answer.body, answer.duration_ms) == (202, b"\xff\x00", 2.0)


def test_a_refusal_is_told_with_code_and_message(far: Far) -> None:
    far.status, far.headers = 401, {"x-runtime-error": "unauthorized"}
    far.body = b'{"error": {"code": "unauthorized", "message": "wrong secret", "invocation": null}}'
    with pytest.raises(ToolError, match="401 unauthorized: wrong secret"):
        _invoke(far, Call())


def test_a_runtime_without_result_envelopes_is_understood(far: Far) -> None:
    far.status, far.body = 203, b"plain"
    answer = _invoke(far, Call())
    assert (answer.status, answer.body, answer.logs) == (203, b"plain", ())


def test_nobody_there_says_what_to_do(far: Far) -> None:
    with pytest.raises(ToolError, match=r"\./slipway launch"):
        client.invoke("127.0.0.1", 1, "s", Call())
    assert not client.healthy(1)
    assert client.healthy(far.port)
