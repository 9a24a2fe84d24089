"""The same inputs to several targets at once: whatever one answers, all must answer, byte for byte.

What properties.py expects of each target is known beforehand; here nothing is, so it also covers what
nobody thought of: half a JSON document, a query of odd characters. Knows no target.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from attrs import frozen

from . import contract, explain, inputs
from .cases import Case
from .session import Session
from .targets import Launcher
from .wire import Answer, Sent, WireError

Build = Callable[[Session, Any], Sent]
View = Callable[[Answer], Any]
# Of an answer's headers: what differs from answer to answer.
_OWN = {"date", "connection", "keep-alive"}
# Targets that are built and launched at a time.
_LAUNCHES = 2


@frozen
class Property:
    """*build* makes a request of a generated input; *view* is what must be the same in all answers."""

    name: str
    inputs: inputs.SearchStrategy[Any]
    build: Build
    view: View


@frozen
class Difference:
    """The smallest input found on which targets disagree."""

    property: str
    request: str
    answers: Sequence[tuple[str, str]]

    def __str__(self) -> str:
        told = "\n".join(f"  {name}: {answer}" for name, answer in self.answers)
        return f"{self.property}: not all answer alike\n  {self.request}\n{told}"


class _Differs(AssertionError):
    def __init__(self, sent: Sent, secret: str, views: Sequence[Any]) -> None:
        super().__init__("targets disagree")
        self.sent = sent
        self.secret = secret
        self.views = views


def compare(
    launchers: Sequence[Launcher], tell: Callable[[str], None] = lambda line: None
) -> list[Difference]:
    """Launches all targets and tries every property on them; what they disagree on. TargetError
    where a target can't be had, ValueError for fewer than two."""
    if len(launchers) < 2:
        raise ValueError("there is nothing to compare one target with")
    differences = []
    with _sessions(launchers, tell) as sessions, ThreadPoolExecutor(len(sessions)) as pool:
        for found in properties():
            tell(found.name)

            def holds(value: Any, found: Property = found) -> None:
                sent = [found.build(session, value) for session in sessions]
                calls = [
                    pool.submit(_view, session, one, found.view)
                    for session, one in zip(sessions, sent, strict=True)
                ]
                views = [call.result() for call in calls]
                if any(view != views[0] for view in views):
                    raise _Differs(sent[0], sessions[0].running.secret, views)

            try:
                inputs.try_all(found.inputs, holds)
            except _Differs as differs:
                differences.append(_difference(found.name, launchers, differs))
            except inputs.Flaky as flaky:
                told = [(launcher.name, str(flaky)) for launcher in launchers]
                differences.append(Difference(found.name, "answered in two ways", told))
    return differences


@contextlib.contextmanager
def _sessions(
    launchers: Sequence[Launcher], tell: Callable[[str], None]
) -> Iterator[list[Session]]:
    """One server of each; all are removed, whatever happens."""
    case = Case("5.3-across", "all languages answer alike", "core")

    def launched(launcher: Launcher) -> Session:
        tell(launcher.name)
        launcher.prepare()
        return Session(case, launcher, launcher.launch({}))

    try:
        with ThreadPoolExecutor(_LAUNCHES) as pool:
            sessions = list(pool.map(launched, launchers))
        yield sessions
    finally:
        for launcher in launchers:
            launcher.close()


def _view(session: Session, sent: Sent, view: View) -> Any:
    try:
        answer = session.send(sent)
    except WireError as error:
        return f"no answer: {error}"
    # Thousands are sent, and none is reported.
    session.exchanged.clear()
    return view(answer)


def _difference(name: str, launchers: Sequence[Launcher], differs: _Differs) -> Difference:
    request = explain.again(differs.sent, {differs.secret})
    answers = [
        (launcher.name, json.dumps(view, ensure_ascii=False, default=repr)[:1000])
        for launcher, view in zip(launchers, differs.views, strict=True)
    ]
    return Difference(name, request, answers)


def properties() -> list[Property]:
    """Everything that is compared."""
    answers = inputs.tuples(inputs.STATUS, inputs.HEADERS, inputs.TEXT)
    requests = inputs.tuples(inputs.PATH, inputs.TEXT, inputs.FREE_HEADERS)
    return [
        Property("JSON that is echoed", inputs.json_values(), _echo, _whole),
        Property("JSON that is deep", inputs.DEEP, _echo, _whole),
        Property("an envelope that is not quite JSON", inputs.SPOILT, _spoilt, _judged),
        Property("a raw request that is reported", requests, _reported, _report),
        Property("an answer with headers", answers, _sent, _whole),
    ]


def _echo(session: Session, value: Any) -> Sent:
    return session.request([{"do": "echo"}], envelope={"payload": {"value": value}})


def _spoilt(session: Session, text: str) -> Sent:
    return session.request(
        body=text.encode("utf-8", "surrogatepass"), headers={"content-type": "application/json"}
    )


def _reported(session: Session, value: tuple[str, str, dict[str, str]]) -> Sent:
    path, query, headers = value
    target = f"{path}?{inputs.quoted(query)}"
    return session.request(
        [{"do": "report"}], raw=True, method="GET", target=target, headers=dict(headers)
    )


def _sent(session: Session, value: tuple[int, dict[str, list[str]], str]) -> Sent:
    status, headers, text = value
    return session.request([{"do": "send", "status": status, "headers": headers, "text": text}])


def _whole(answer: Answer) -> Any:
    """Status, headers but for those of this one answer, body."""
    left_out = {*_OWN, contract.load().header("invocation")}
    headers = sorted(pair for pair in answer.headers if pair[0] not in left_out)
    return answer.status, headers, answer.text


def _judged(answer: Answer) -> Any:
    """What the runtime makes of it: the value that came back, or the code of its error. A function
    that found no steps reports its request, of which the payload is the value."""
    if answer.status == 200:
        value = answer.json()
        return value["request"]["payload"] if _is_report(value) else value
    return answer.status, answer.header(contract.load().header("error"))


def _is_report(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"request", "seen"}


def _report(answer: Answer) -> Any:
    """What the function saw, but for what differs from call to call."""
    if answer.status != 200:
        return answer.status, answer.text
    seen = answer.json()["request"]
    headers = {name: value for name, value in seen["headers"].items() if name != "host"}
    return {name: seen[name] for name in ("method", "path", "query")} | {"headers": headers}
