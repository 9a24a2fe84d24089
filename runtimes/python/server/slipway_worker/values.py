"""JSON in and out, strictly. The functions are bound here, so that nothing a function patches later reaches them."""

import codecs
import json
import json.encoder
from collections.abc import Callable, Iterable
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
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_encode = _encoder.encode
_raw_decode, _decode, _decode_lenient = _strict.raw_decode, _strict.decode, _lenient.decode
_Malformed = json.JSONDecodeError


def _once_made() -> Callable[[Any, int], Iterable[str]] | None:
    """What JSONEncoder makes anew for every value. It looks for no circles, and so holds nothing that two threads could
    meet in. None where this Python has no such thing, or another one."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    try:
        made = make(None, _encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, False)
        right = "".join(made({"a": [1, 1.5, None, True, "\u00e9"]}, 0)) == '{"a":[1,1.5,null,true,"\u00e9"]}'
    except Exception:
        return None
    return made if right else None


_encode_quickly = _once_made()


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


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    """Half a character, which a payload may hold, as other decoders replace it; two halves are one character."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    halves = error.object[error.start : error.end]
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode(), error.end


# How a text goes out that may hold halves of characters: by name, so that streams can have it as well.
REPLACED = "slipway.replaced"
codecs.register_error(REPLACED, _replaced)


def utf8(text: str) -> bytes:
    """A text as it goes out."""
    return text.encode("utf-8", REPLACED)


def encode(value: Any, halves: str = "backslashreplace") -> bytes:
    """Compact JSON; ValueError or TypeError for what JSON can't hold. A lone surrogate is escaped, as JSON may."""
    try:
        text = _encode(value) if _encode_quickly is None else "".join(_encode_quickly(value, 0))
    except RecursionError:
        text = _encode_with_care(value)
    return text.encode("utf-8", halves)


def _encode_with_care(value: Any) -> str:
    """For what is too deep, or a circle: says which."""
    try:
        return _encode(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
