"""One HTTP request: what was received of it, why it is refused, and how the function is to see it."""

import itertools
import json
from hmac import compare_digest

from slipway_worker.trace import trace_id

from .invocation import VALID_ID, error_answer
from .settings import Settings, positive_decimal

MOST_HEADER_BYTES = 16 << 10
MOST_HEADER_LINES = 100

HEALTH, READY = b"/_runtime/health", b"/_runtime/ready"

_STEERING = frozenset(
    b"x-runtime-secret x-runtime-mode x-runtime-result x-runtime-timeout x-runtime-invocation-id traceparent".split()
)
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split()
)


class Request:
    """``headers`` are all fields as they came, ``fields`` the last of each name in lower case, or all of one that
    steers the runtime, joined. ``probe`` is the path of the runtime's own that is asked for. ``queued``: it has its
    place among those to be answered. ``held``: it is complete but for a body that the parser has to be talked into."""

    # As defaults of the class they cost nothing a request.
    url = b""
    method = b""
    fields: dict[bytes, bytes] = {}  # noqa: RUF012
    keep = True
    old = False
    probe = b""
    queued = False
    held = False
    body: bytes | bytearray = b""
    size = 0
    refusal: tuple[bytes, bytes] | None = None
    raw = False
    identity: bytes | None = None
    timeout = 0.0
    result = False

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    def join_steering(self) -> None:
        """Has several fields of a name that steers the runtime be one value: nobody chooses between them."""
        values: dict[bytes, list[bytes]] = {}
        # One pass: nobody has counted the lines yet.
        for name, value in self.headers:
            if (lower := name.lower()) in _STEERING:
                values.setdefault(lower, []).append(value)
        self.fields.update((name, b", ".join(found)) for name, found in values.items())

    def head_size(self) -> int:
        """Bytes of the request line and the header lines, near enough."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def take_in(self, data: bytes) -> None:
        """One more piece of the body. Pieces may be many and small: they are joined at once, which keeps memory low."""
        if not self.body:
            self.body = data
        elif isinstance(self.body, bytearray):
            self.body += data
        else:
            self.body = bytearray(self.body) + data
        self.size += len(data)

    def has_body(self) -> bool:
        return self.fields.get(b"content-length", b"0").strip(b"0") != b"" or b"transfer-encoding" in self.fields

    def trace(self) -> str | None:
        return trace_id(self.fields[b"traceparent"].decode("latin-1")) if b"traceparent" in self.fields else None


def objection(request: Request, settings: Settings) -> tuple[bytes, bytes] | None:
    """Why a request is refused, decided before its body is read; None where it isn't. Fills in what its headers say."""
    fields = request.fields
    mode = fields.get(b"x-runtime-mode")
    if mode is not None:
        request.raw = mode == b"raw"
    # In raw mode all paths are the function's.
    if not request.raw and request.url.startswith(b"/_runtime/"):
        path = request.url.partition(b"?")[0]
        if path in (HEALTH, READY):
            request.probe = path
            return None
    if not compare_digest(fields.get(b"x-runtime-secret", b""), settings.secret):
        return error_answer("unauthorized", "x-runtime-secret is missing or wrong")
    request.timeout = settings.timeout
    identity = fields.get(b"x-runtime-invocation-id")
    if identity is not None:
        if not VALID_ID.fullmatch(identity):
            return _invalid_header("x-runtime-invocation-id", "1 to 64 of A-Z a-z 0-9 . _ -")
        request.identity = identity
    timeout = fields.get(b"x-runtime-timeout")
    if timeout is not None:
        wanted = positive_decimal(timeout.decode("latin-1"))
        if wanted is None:
            return _invalid_header("x-runtime-timeout", "a positive number of seconds", identity)
        request.timeout = min(wanted, settings.timeout)
    if mode not in (None, b"envelope", b"raw"):
        return _invalid_header("x-runtime-mode", "envelope or raw", identity)
    result = fields.get(b"x-runtime-result")
    if result is not None:
        if result not in (b"plain", b"envelope"):
            return _invalid_header("x-runtime-result", "plain or envelope", identity)
        request.result = result == b"envelope"
    length = fields.get(b"content-length")
    if length is not None and int(length) > settings.max_body:
        return too_large(settings.max_body, identity)
    return None if request.raw else _envelope_objection(request)


def too_large(limit: int, identity: bytes | None) -> tuple[bytes, bytes]:
    return error_answer("payload_too_large", f"a body may have {limit} bytes", identity)


def headers_too_large() -> tuple[bytes, bytes]:
    message = f"headers may have {MOST_HEADER_BYTES} bytes in {MOST_HEADER_LINES} lines"
    return error_answer("headers_too_large", message)


def _invalid_header(name: str, wanted: str, identity: bytes | None = None) -> tuple[bytes, bytes]:
    return error_answer("invalid_header", f"{name} must be {wanted}", identity)


def _envelope_objection(request: Request) -> tuple[bytes, bytes] | None:
    url = request.url
    if url == b"/" and request.method == b"POST" and request.fields.get(b"content-type") == b"application/json":
        return None
    if _target(url)[0] != "/":
        return error_answer("not_found", "the envelope is posted to /", request.identity)
    if request.method != b"POST":
        return error_answer("method_not_allowed", "the envelope is posted", request.identity, b"allow: POST\r\n")
    kind = request.fields.get(b"content-type", b"")
    if kind.split(b";")[0].strip().lower() != b"application/json":
        return error_answer("unsupported_media_type", "the envelope is application/json", request.identity)
    return None


def raw_head(request: Request) -> bytes:
    """The request as the function is to see it; see runtimes/FRAMES.md."""
    fields = [(name.lower(), value) for name, value in request.headers]
    named = itertools.chain.from_iterable(value.lower().split(b",") for name, value in fields if name == b"connection")
    hidden = _HOP_BY_HOP | {name.strip() for name in named}
    headers = [
        (name.decode("latin-1"), _text(value))
        for name, value in fields
        if name not in hidden and not name.startswith(b"x-runtime-")
    ]
    path, query = _target(request.url)
    head = {"method": request.method.decode("latin-1"), "path": path, "query": query, "headers": headers}
    return json.dumps(head).encode()


def _target(url: bytes) -> tuple[str, str]:
    """Path and query of a request target, which may be absolute as a proxy sends it."""
    target = _text(url)
    if not target.startswith("/") and "://" in target:
        rest = target.split("://", 1)[1]
        target = rest[min(at for at in (rest.find("/"), rest.find("?"), len(rest)) if at >= 0) :]
        target = target if target.startswith("/") else f"/{target}"
    path, _, query = target.partition("?")
    return path, query


def _text(value: bytes) -> str:
    """UTF-8 where it is that, else each byte as a character."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
