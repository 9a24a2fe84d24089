"""From a frame to the request that the function receives."""

import os
from collections.abc import Iterable
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
_KINDS = {"headers": dict, "env": dict, "method": str, "path": str, "query": str}


class Request:
    """One invocation's request; ``slipway.Request`` describes its members."""

    __slots__ = (
        "_env",
        "_headers",
        "_number",
        "_output",
        "_own_env",
        "_own_headers",
        "_query",
        "_query_text",
        "body",
        "deadline",
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
        # What few functions look at is made when it is looked at.
        self._query: dict[str, list[str]] | None = None
        self._headers: dict[str, str] | None = None
        self._env: dict[str, str] | None = None
        # Pairs of texts: tuples, or lists where they come from JSON.
        self._own_headers: Iterable[Any] = ()
        self._own_env: dict[str, str] = {}
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
        if len(envelope) > ("payload" in envelope):
            _check(envelope)
            if headers := get("headers"):
                self._own_headers = headers.items()
                for name, value in self._own_headers:
                    if len(name) == 11 and name.lower() == "traceparent":
                        self._output.trace(self._number, value)
            self._own_env = get("env", self._own_env)
        self.method = get("method", "POST")
        self.path = get("path", "/")
        self._query_text = get("query", "")
        self.body = values.utf8(self.payload) if type(self.payload) is str else b""

    def _from_raw(self, head: dict[str, Any], body: bytes) -> None:
        self.method, self.path, self._query_text = head["method"], head["path"], head["query"]
        self._own_headers = head["headers"]
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

    @property
    def headers(self) -> dict[str, str]:
        if self._headers is None:
            self._headers = {}
            for given, value in self._own_headers:
                name = given.lower()
                if name == "x-runtime-secret":
                    continue
                known = self._headers.get(name)
                self._headers[name] = value if known is None else f"{known}{'; ' if name == 'cookie' else ', '}{value}"
        return self._headers

    @property
    def env(self) -> dict[str, str]:
        if self._env is None:
            self._env = _variables | self._own_env
        return self._env

    @property
    def query(self) -> dict[str, list[str]]:
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
    for name, value in envelope.items():
        kind = _KINDS.get(name)
        if kind is None:
            continue
        if type(value) is not kind:
            wanted = "a string" if kind is str else "an object of strings"
            raise Refused(b"invalid_envelope", f"{name} must be {wanted}")
        if kind is dict:
            for one in value.values():
                if type(one) is not str:
                    raise Refused(b"invalid_envelope", f"{name} must be an object of strings")
