"""The headers that steer the runtime: mode, result, timeout, invocation id; and what the envelope
wants of its HTTP request."""

from __future__ import annotations

import re
import uuid

from .. import contract
from .head import Head
from .refusal import Refusal
from .request import media_type

_DECIMAL = re.compile(r"(?=.*[1-9])[0-9]+(\.[0-9]+)?")


def invocation_id(head: Head) -> str:
    """The caller's id, or a new one where the caller gives none."""
    name = contract.load().header("invocation")
    given = head.get(name)
    if given is None:
        return uuid.uuid4().hex
    if not is_id(given):
        raise invalid(name, f"must match {contract.load().limit('invocation_id')}")
    return given


def is_id(given: str) -> bool:
    return bool(re.fullmatch(contract.load().limit("invocation_id"), given))


def is_raw(head: Head) -> bool:
    return choice(head, "mode", ("envelope", "raw")) == "raw"


def wants_result(head: Head) -> bool:
    return choice(head, "result", ("plain", "envelope")) == "envelope"


def choice(head: Head, header: str, values: tuple[str, ...]) -> str:
    """What the header says, the first of *values* where it is missing."""
    name = contract.load().header(header)
    given = head.get(name)
    if given is not None and given not in values:
        raise invalid(name, f"must be one of {', '.join(values)}")
    return values[0] if given is None else given


def seconds(head: Head, most: float) -> float:
    """How long the invocation may take; the caller can only shorten it."""
    name = contract.load().header("timeout")
    given = head.get(name)
    if given is None:
        return most
    if not is_decimal(given):
        raise invalid(name, "must be a positive decimal")
    return min(float(given), most)


def is_decimal(given: str) -> bool:
    return bool(_DECIMAL.fullmatch(given))


def check_envelope(head: Head) -> None:
    """The address, method and type of an envelope."""
    if head.path != "/":
        raise Refusal("not_found", f"there is nothing at {head.path}: POST an envelope to /")
    if head.method != "POST":
        raise Refusal("method_not_allowed", "an envelope is sent by POST", (("allow", "POST"),))
    if not is_envelope_type(head):
        raise Refusal("unsupported_media_type", "an envelope has content-type: application/json")


def is_envelope_type(head: Head) -> bool:
    return media_type(head) == "application/json"


def invalid(name: str, message: str) -> Refusal:
    return Refusal("invalid_header", f"{name} {message}")
