"""The one invocation that everything is measured with, and the client that sends it once.

Figures under load are wrk's; this client only tells when a server answers, and whether its answer
is the expected one.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from http import HTTPStatus

from attrs import frozen
from slipway_conformance.targets import LOOPBACK

PAYLOAD = {"payload": {"name": "World"}}
EXPECTED = {"message": "Hello World"}

POLL_SECONDS = 0.001
ANSWER_SECONDS = 10.0
# How often a wait asks the engine whether the container lives; rarely, for it disturbs the timing.
LOOK_SECONDS = 2.0


@frozen
class Answer:
    status: int
    content_type: str
    body: bytes


@frozen
class Invocation:
    """A POST of the envelope, with the secret."""

    secret_header: str
    secret: str

    @property
    def body(self) -> str:
        return json.dumps(PAYLOAD, separators=(",", ":"))

    def send(self, port: int) -> Answer:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
        headers = {
            "content-type": "application/json",
            "connection": "close",
            self.secret_header: self.secret,
        }
        try:
            connection.request("POST", "/", self.body, headers)
            response = connection.getresponse()
            kind = response.headers.get("content-type", "")
            return Answer(response.status, kind, response.read())
        finally:
            connection.close()

    @staticmethod
    def mismatch(answer: Answer) -> str | None:
        """What is wrong with an answer, as a sentence; None when it is the expected one."""
        wanted = json.dumps(EXPECTED, separators=(",", ":"))
        shown = answer.body[:200].decode("utf-8", "replace")
        if answer.status != HTTPStatus.OK:
            return f"It answered {answer.status} {shown!r} instead of 200 {wanted}."
        if answer.content_type.partition(";")[0].strip().lower() != "application/json":
            return f"Its content type is {answer.content_type!r} instead of application/json."
        try:
            found = json.loads(answer.body)
        except ValueError:
            return f"It answered {shown!r} instead of {wanted}."
        return None if found == EXPECTED else f"It answered {shown} instead of {wanted}."


def poll_until_ok(
    port: int, invocation: Invocation, seconds: float, dead: Callable[[], bool]
) -> Answer | None:
    """Invoke each millisecond until the answer is 200; None when that takes too long.

    A refused or reset connection is the normal state of a server that starts: the engine's
    own proxy accepts before the server listens.
    """
    began = time.monotonic()
    looked = began
    while True:
        try:
            answer = invocation.send(port)
            if answer.status == HTTPStatus.OK:
                return answer
        except (OSError, http.client.HTTPException):
            pass
        now = time.monotonic()
        if now - began > seconds:
            return None
        if now - looked > LOOK_SECONDS:
            looked = now
            if dead():
                return None
        time.sleep(POLL_SECONDS)
