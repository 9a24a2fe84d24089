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


# Levels of a document. A few more can be read, but not written again.
_DEEPEST = 500

_strict = json.JSONDecoder(parse_constant=_refuse)
_lenient = json.JSONDecoder(parse_constant=_refuse, parse_int=_whole)
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_raw_decode, _decode, _decode_lenient = _strict.raw_decode, _strict.decode, _lenient.decode
_Malformed = json.JSONDecodeError


def decode(data: bytes) -> Any:
    """The value of a document; NotJSON says what is wrong with it."""
    value = _decoded(data)
    # Most documents haven't even as many brackets.
    if data.count(b"[") + data.count(b"{") > _DEEPEST and _too_deep(value):
        raise NotJSON(f"it is nested more than {_DEEPEST} levels deep")
    return value


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [
            member
            for one in level
            for member in (one.values() if isinstance(one, dict) else one)
            if isinstance(member, (dict, list))
        ]
        if not level:
            return False
    return True


def _decoded(data: bytes) -> Any:
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


def utf8(text: str) -> bytes:
    """A text as it goes out; half a character, which a payload may hold, is replaced as other decoders replace it."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def encode(value: Any) -> bytes:
    """Compact JSON; ValueError or TypeError for what JSON can't hold. A lone surrogate is escaped, as JSON may."""
    try:
        text = _encode(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return text.encode("utf-8", "backslashreplace")
