"""JSON in and out, strictly. The functions are bound here, so that nothing a function patches later reaches them."""

import json
from typing import Any, NoReturn


class NotJSON(ValueError):
    """These bytes are no JSON document in UTF-8."""


def _refuse(name: str) -> NoReturn:
    raise NotJSON(f"{name} is not JSON")


def _whole(digits: str) -> int | float:
    """Python refuses to read integers of thousands of digits, which JSON allows."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


_strict = json.JSONDecoder(parse_constant=_refuse)
_lenient = json.JSONDecoder(parse_constant=_refuse, parse_int=_whole)
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_raw_decode, _decode, _decode_lenient = _strict.raw_decode, _strict.decode, _lenient.decode
_Malformed = json.JSONDecodeError


def decode(data: bytes) -> Any:
    """The value of a document; NotJSON says what is wrong with it."""
    try:
        text = data.decode()
        if text.startswith(("{", "[")):
            # The quicker way, which takes no white space before the value.
            value, end = _raw_decode(text)
            if end == len(text) or not text[end:].strip(" \t\n\r"):
                return value
        return _decode(text)
    except RecursionError:
        raise NotJSON("it is nested too deeply") from None
    except _Malformed as error:
        raise NotJSON(str(error)) from None
    except ValueError:
        pass
    try:
        return _decode_lenient(data.decode())
    except (ValueError, RecursionError) as error:
        raise NotJSON(str(error)) from None


def encode(value: Any) -> bytes:
    """Compact JSON; ValueError or TypeError for what JSON can't hold. A lone surrogate is escaped, as JSON may."""
    try:
        text = _encode(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return text.encode("utf-8", "backslashreplace")
