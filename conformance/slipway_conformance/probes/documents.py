"""Section 2: JSON that is lawful and that parsers, writers and the channels between processes fall over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ..cases import probe
from ..session import Session, new_id
from ..wire import Answer

_CARRIED = 100
_DEEPER = (101, 130, 200, 1_000, 100_000)
_JSON = {"content-type": "application/json"}
# The object that holds the steps is one of the payload's levels.
_AROUND = 1
# What a lone surrogate may have become: itself, escaped, or a replacement.
_LONE = "\ud800-\udfff"


def _nested(levels: int, opening: str, closing: str) -> str:
    return opening * levels + "1" + closing * levels


def _forms(levels: int) -> Iterator[str]:
    """Lists, objects, and both in turn, *levels* deep."""
    yield _nested(levels, "[", "]")
    yield _nested(levels, '{"a":', "}")
    yield (
        ('[{"a":' * levels)[: levels // 2 * 6 + levels % 2]
        + "1"
        + "]" * (levels % 2)
        + "}]" * (levels // 2)
    )


def _echo(session: Session, value: str) -> Answer:
    body = f'{{"payload":{{"steps":[{{"do":"echo"}}],"value":{value}}}}}'
    return session.invoke(body=body.encode(), headers=_JSON)


@probe("2.9-hundred-levels", why="a document that is deep, and no attack, is carried as any other")
def hundred_levels(session: Session) -> None:
    for value in _forms(_CARRIED - _AROUND):
        session.check(_echo(session, value), status=200, text=value)
    value = _nested(_CARRIED - _AROUND, "[", "]")
    step = f'{{"do":"json","value":{value[2:-2]}}}'
    body = f'{{"payload":{{"steps":[{step}]}}}}'.encode()
    answer = session.invoke(body=body, headers=_JSON)
    session.check(answer, status=200, text=value[2:-2])


@probe("2.9-deeper", why="however deep a document is, it is carried or refused, and ends nobody")
def deeper(session: Session) -> None:
    for levels in _DEEPER:
        for value in _forms(levels - _AROUND):
            _carried_or_refused(session, _echo(session, value), value, levels)
    session.honest()


@probe(
    "2.9-deep-anywhere",
    why="what is deep need not be the payload, and need not be whole",
)
def deep_anywhere(session: Session) -> None:
    deep = _DEEPER[-1]
    for body in ("[" * deep, '{"payload":' * deep, f'{{"payload":[{"[" * deep}'):
        answer = session.invoke(body=body.encode(), headers=_JSON)
        session.check(answer, error="invalid_json")
    unknown = f'{{"payload":{{"steps":[{{"do":"echo"}}],"value":1}},"x":{_nested(deep, "[", "]")}}}'
    answer = session.invoke(body=unknown.encode(), headers=_JSON)
    _carried_or_refused(session, answer, "1", deep)
    session.honest()


@probe("2.9-raw", why="a document may come in raw mode as well", profile="raw")
def deep_raw(session: Session) -> None:
    steps = [{"do": "echo"}]
    for levels in (_CARRIED, *_DEEPER):
        body = _nested(levels, "[", "]").encode()
        answer = session.invoke(steps, raw=True, target="/deep", headers=_JSON, body=body)
        if levels == _CARRIED:
            session.check(answer, status=200, text=body.decode())
        else:
            _carried_or_refused(session, answer, body.decode(), levels)
    session.honest()


def _carried_or_refused(session: Session, answer: Answer, value: str, levels: int) -> None:
    before = len(session.found)
    if answer.status == 200:
        session.expect(answer.text == value, f"the answer is another document: {answer.text[:200]}")
    else:
        session.check(answer, error="invalid_json")
    session.found[before:] = [f"{levels} levels: {line}" for line in session.found[before:]]


_STRINGS = (
    r"\ud800",
    r"\udc00",
    r"before é \ud83d after 𝄞",
    r"\udc00\ud800",
    r"\ud800\ud834\udd1e",
    r"\ud834\udd1e\udfff€",
    r"\uDBFFa\uDFFF",
)


@probe("2.10-lone-surrogates", why="half a character must not spoil an answer or its neighbours")
def lone_surrogates(session: Session) -> None:
    for text in _STRINGS:
        answer = _echo(session, f'["é","{text}","𝄞"]')
        _neighbours(session, answer, ["é", json.loads(f'"{text}"'), "𝄞"], text)
    session.honest()


@probe("2.10-names", why="a member's name is a string like any other")
def surrogate_names(session: Session) -> None:
    answer = _echo(session, r'{"é":1,"a\ud800b":2,"𝄞":3}')
    _neighbours(session, answer, {"é": 1, "a\ud800b": 2, "𝄞": 3}, r"a\ud800b")
    session.honest()


_HALF = r"é\ud800𝄞"
_HALF_WRITTEN = r"é(\\ud800|\\uD800|�{1,3})𝄞"


@probe("2.10-sent", why="a function that sends or logs what it was given does nothing wrong")
def surrogates_sent(session: Session) -> None:
    text = _HALF
    for steps in (
        f'[{{"do":"send","text":"{text}"}}]',
        f'[{{"do":"log","message":"{text}"}},{{"do":"send","text":"{text}"}}]',
        f'[{{"do":"json","value":["{text}"]}}]',
    ):
        body = f'{{"payload":{{"steps":{steps}}}}}'.encode()
        answer = session.invoke(body=body, headers=_JSON)
        if answer.status == 200:
            written = _is_utf8(answer.body) and re.search(_HALF_WRITTEN, answer.text) is not None
            session.expect(written, f"{text} came back as {answer.body[:200]!r}")
        else:
            session.check(answer, error="invalid_json")
    session.honest()


@probe("2.10-anywhere", why="half a character may be in any part of an envelope")
def surrogates_anywhere(session: Session) -> None:
    for member in (
        f'"method":"{_HALF}"',
        f'"path":"/{_HALF}"',
        f'"query":"a={_HALF}"',
        f'"headers":{{"x-a":"{_HALF}"}}',
        f'"headers":{{"x-{_HALF}":"1"}}',
        f'"env":{{"A":"{_HALF}"}}',
        f'"env":{{"{_HALF}":"1"}}',
    ):
        answer = session.invoke(body=f"{{{member}}}".encode(), headers=_JSON)
        if answer.status == 200:
            carried = re.search(_HALF_WRITTEN, answer.text) is not None and _is_utf8(answer.body)
            session.expect(carried, f"{member} came back as {answer.body[:300]!r}")
        else:
            session.check(answer, error="invalid_json")
    unknown = f'{{"payload":{{"steps":[{{"do":"send","text":"ran"}}]}},"x":"{_HALF}"}}'
    answer = session.invoke(body=unknown.encode(), headers=_JSON)
    if answer.status != 400:
        session.check(answer, status=200, text="ran")
    session.honest()


@probe("2.10-in-a-header", why="a header is text in UTF-8, and has no place for half a character")
def surrogate_in_a_header(session: Session) -> None:
    steps = f'[{{"do":"send","text":"x","headers":{{"x-a":"{_HALF}"}}}}]'
    answer = session.invoke(body=f'{{"payload":{{"steps":{steps}}}}}'.encode(), headers=_JSON)
    if answer.status == 200:
        raw = (answer.header("x-a") or "").encode("latin-1")
        written = _is_utf8(raw) and re.fullmatch(_HALF_WRITTEN, raw.decode()) is not None
        session.expect(written, f"x-a: expected {_HALF_WRITTEN}, got {raw!r}")
    else:
        session.check(answer, error="invalid_json")
    session.honest()


@probe(
    "2.10-in-the-log",
    why="half a character must not spoil a line of the log",
    profile="logs",
    needs=("logs",),
)
def surrogate_in_the_log(session: Session) -> None:
    marker = new_id()
    steps = f'[{{"do":"log","message":"{marker} {_HALF}"}},{{"do":"send","text":"x"}}]'
    answer = session.invoke(body=f'{{"payload":{{"steps":{steps}}}}}'.encode(), headers=_JSON)
    if answer.status != 200:
        session.check(answer, error="invalid_json")
        return
    session.wait_log(lambda lines: any(line.message.startswith(marker) for line in lines))
    found = [line.message for line in session.log() if line.message.startswith(marker)]
    written = [re.fullmatch(f"{marker} ({_HALF_WRITTEN}|é\ud800𝄞)", message) for message in found]
    session.expect(len(written) == 1 and all(written), f"the log has {found}")


def _neighbours(session: Session, answer: Answer, wanted: object, text: str) -> None:
    """Refused, or the *wanted* value but for the halves of characters in it."""
    if answer.status != 200:
        session.check(answer, error="invalid_json")
        return
    pattern = re.sub(
        f"[{_LONE}]",
        # A replacement for each half, or as some decoders have it for each of its three bytes.
        lambda found: rf"(\\u{ord(found[0]):04x}|�{{1,3}})",
        re.escape(json.dumps(wanted, ensure_ascii=False, separators=(",", ":"))),
    )
    session.expect(
        _is_utf8(answer.body) and re.fullmatch(f"(?i){pattern}", answer.text) is not None,
        f"{text} came back as {answer.body[:200]!r}",
    )


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
