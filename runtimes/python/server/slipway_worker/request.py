"""From a frame to the request that the function receives."""

import os
from typing import Any
from urllib.parse import parse_qsl

from . import frames, values
from .output import Output


class Refused(Exception):
    """The invocation can't begin: an error code of the contract and a message."""

    def __init__(self, code: bytes, message: str) -> None:
        super().__init__(message)
        self.code = code


_variables = dict(os.environ)
_MEMBERS: tuple[tuple[str, type, str], ...] = (
    ("headers", dict, "an object of strings"),
    ("env", dict, "an object of strings"),
    ("method", str, "a string"),
    ("path", str, "a string"),
    ("query", str, "a string"),
)


class Request:
    """One invocation's request; ``slipway.Request`` describes its members."""

    __slots__ = (
        "_number",
        "_output",
        "_query",
        "_query_text",
        "body",
        "deadline",
        "env",
        "headers",
        "id",
        "method",
        "path",
        "payload",
    )

    def __init__(self, number: int, data: bytes, output: Output) -> None:
        mode, self.deadline, length = frames.INVOKE_HEAD.unpack_from(data)
        at = 10 + length
        self.id = data[10:at].decode()
        (head,) = frames.LENGTH.unpack_from(data, at)
        at += 4
        self._number = number
        self._output = output
        self._query: dict[str, list[str]] | None = None
        self.headers: dict[str, str] = {}
        self.payload: Any = None
        if mode == frames.ENVELOPE:
            self._from_envelope(data[at:])
        else:
            self._from_raw(values.decode(data[at : at + head]), data[at + head :])

    def _from_envelope(self, body: bytes) -> None:
        try:
            envelope = values.decode(body)
        except values.NotJSON as error:
            raise Refused(b"invalid_json", f"the body is not JSON: {error}") from None
        if type(envelope) is not dict:
            raise Refused(b"invalid_envelope", "the envelope must be an object")
        get = envelope.get
        self.payload = get("payload")
        self.env = _variables.copy()
        if len(envelope) > ("payload" in envelope):
            _check(envelope)
            if headers := get("headers"):
                self._set_headers(headers)
            if env := get("env"):
                self.env.update(env)
        self.method = get("method", "POST")
        self.path = get("path", "/")
        self._query_text = get("query", "")
        self.body = self.payload.encode("utf-8", "replace") if type(self.payload) is str else b""

    def _set_headers(self, headers: dict[str, str]) -> None:
        for name, value in headers.items():
            self._add_header(name.lower(), value)
        if trace := self.headers.get("traceparent"):
            self._output.trace(self._number, trace)

    def _from_raw(self, head: dict[str, Any], body: bytes) -> None:
        self.method, self.path, self._query_text = head["method"], head["path"], head["query"]
        self.env = _variables.copy()
        for name, value in head["headers"]:
            self._add_header(name, value)
        self.body = body
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind == "application/json" or kind.endswith("+json"):
            if body:
                try:
                    self.payload = values.decode(body)
                except values.NotJSON as error:
                    raise Refused(b"invalid_json", f"the body is not JSON: {error}") from None
        elif kind.startswith("text/"):
            self.payload = body.decode("utf-8", "replace")

    def _add_header(self, name: str, value: str) -> None:
        known = self.headers.get(name)
        self.headers[name] = value if known is None else f"{known}{'; ' if name == 'cookie' else ', '}{value}"

    @property
    def query(self) -> dict[str, list[str]]:
        """Decoded when somebody looks."""
        if self._query is None:
            self._query = {}
            for name, value in parse_qsl(self._query_text, keep_blank_values=True, errors="replace"):
                self._query.setdefault(name, []).append(value)
        return self._query

    def log(self, message: object) -> None:
        self._output.log(frames.INFO, str(message), self._number)

    def error(self, message: object) -> None:
        self._output.log(frames.ERROR, str(message), self._number)


def _check(envelope: dict[str, Any]) -> None:
    for name, kind, wanted in _MEMBERS:
        if name in envelope:
            value: Any = envelope[name]
            if type(value) is not kind or (
                isinstance(value, dict) and not all(type(one) is str for one in value.values())
            ):
                raise Refused(b"invalid_envelope", f"{name} must be {wanted}")
