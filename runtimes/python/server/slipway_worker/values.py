"""JSON in and out, strictly. The functions are bound here, so that nothing a function patches later reaches them."""

import json
from typing import Any, NoReturn


class NotJSON(ValueError):
    """These bytes are no JSON document in UTF-8."""


def _refuse(name: str) -> NoReturn:
    raise NotJSON(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def decode(data: bytes) -> Any:
    """The value of a document; NotJSON says what is wrong with it."""
    try:
        return _decode(data.decode())
    except RecursionError:
        raise NotJSON("it is nested too deeply") from None
    except ValueError as error:
        raise NotJSON(str(error)) from None


def encode(value: Any) -> bytes:
    """Compact JSON; ValueError or TypeError for what JSON can't hold. A lone surrogate is escaped, as JSON may."""
    try:
        text = _encode(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return text.encode("utf-8", "backslashreplace")
