"""Log lines for people."""

from __future__ import annotations

from rich.text import Text
from slipway_tools.terminal import log_text


def _plain(line: str) -> str:
    return Text.from_markup(log_text(line)).plain


def test_a_log_line_is_time_invocation_and_message() -> None:
    line = (
        '{"time": "2026-01-02T03:04:05.678Z", "level": "info",'
        ' "invocation": "0123456789", "message": "[b]hi[/b]"}'
    )
    assert _plain(line) == "03:04:05.678 01234567 [b]hi[/b]"


def test_what_is_no_log_line_is_shown_as_it_is() -> None:
    assert _plain("panic [x]") == "panic [x]"
    assert _plain("[1, 2]") == "[1, 2]"
