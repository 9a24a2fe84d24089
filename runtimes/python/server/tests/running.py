"""A launched function, for tests. Needs an installed runtime: RUNTIME_HOME names it (default /runtime)."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, ClassVar

HOME = Path(os.environ.get("RUNTIME_HOME", "/runtime"))
SECRET = "s"


class Running(unittest.TestCase):
    """Launches ``function``, the source of a main.py, for all tests of a class."""

    function: ClassVar[str]
    environment: ClassVar[dict[str, str]] = {}
    folder: tempfile.TemporaryDirectory[str]
    server: subprocess.Popen[bytes]
    port: int

    @staticmethod
    def has_front() -> bool:
        """Whether the compiled server runs, and not the one in Python."""
        return (HOME / "slipway-front").exists()

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        Path(cls.folder.name, "main.py").write_text(cls.function)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            cls.port = probe.getsockname()[1]
        environment = {
            "RUNTIME_HOME": str(HOME),
            "RUNTIME_HOST": "127.0.0.1",
            "RUNTIME_PORT": str(cls.port),
            "RUNTIME_SECRET": SECRET,
            "FUNCTION_BUILD": cls.folder.name,
        }
        cls.server = subprocess.Popen(
            [str(HOME / "launch.sh")], env=os.environ | environment | cls.environment, stdout=subprocess.PIPE
        )
        assert cls.server.stdout is not None
        assert b"listening on" in cls.server.stdout.readline()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.send_signal(signal.SIGTERM)
        cls.server.communicate(timeout=10)
        cls.folder.cleanup()

    def call(self, payload: dict[str, Any], timeout: float = 10) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        headers = {"content-type": "application/json", "x-runtime-secret": SECRET, "x-runtime-timeout": str(timeout)}
        connection.request("POST", "/", json.dumps({"payload": payload}), headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def converse(self, *pieces: bytes) -> bytes:
        """What comes back for these bytes until the server closes the connection or falls silent."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=0.5) as connection:
            for piece in pieces:
                connection.sendall(piece)
                # So that it arrives by itself.
                time.sleep(0.02)
            try:
                while data := connection.recv(1 << 16):
                    received += data
            except TimeoutError:
                pass
        return received
