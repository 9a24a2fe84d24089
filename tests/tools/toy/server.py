"""The smallest server that the tools can launch and call; a runtime it is not."""

import http.server
import json
import os
import signal
import sys
from pathlib import Path

SECRET = os.environ["RUNTIME_SECRET"]
GREETING = (Path(os.environ["FUNCTION_BUILD"]) / "main.toy").read_text().strip()


def log(message: str) -> None:
    line = {"time": "2026-01-01T00:00:00.000Z", "level": "info", "invocation": None}
    print(json.dumps({**line, "message": message}), flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200, {}, {})

    def do_POST(self) -> None:
        envelope = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["x-runtime-secret"] != SECRET:
            error = {"code": "unauthorized", "message": "the secret is wrong", "invocation": None}
            self.answer(401, {"error": error}, {"x-runtime-error": "unauthorized"})
            return
        result = {
            "status": 201,
            "headers": {"content-type": ["text/plain"]},
            "body": f"{GREETING} {envelope['payload']['name']} {os.environ.get('COLOUR', 'none')}",
            "encoding": "utf-8",
            "logs": [{"time": "2026-01-01T00:00:00.000Z", "level": "info", "message": "greeting"}],
            "truncated": False,
            "error": None,
            "duration_ms": 1.5,
        }
        self.answer(200, result, {})

    def answer(self, status: int, value: object, headers: dict[str, str]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *ignored: object) -> None:
        """The contract's log has no line for a request."""


signal.signal(signal.SIGTERM, lambda *ignored: sys.exit(0))
address = (os.environ["RUNTIME_HOST"], int(os.environ["RUNTIME_PORT"]))
with http.server.ThreadingHTTPServer(address, Handler) as server:
    log("listening")
    server.serve_forever()
