"""What a person may write on the command line of `invoke`."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway_tools import invoke, last
from slipway_tools.client import Call
from slipway_tools.errors import ToolError


def test_payloads(tmp_path: Path) -> None:
    file = tmp_path / "payload.json"
    file.write_text('{"a": [1]}')
    assert invoke.payload('{"b": null}') == {"b": None}
    assert invoke.payload(f"@{file}") == {"a": [1]}
    assert invoke.payload(None) is None


def test_a_payload_that_is_no_json_names_the_missing_quotes() -> None:
    with pytest.raises(ToolError, match="quotes"):
        invoke.payload("Ada")
    with pytest.raises(ToolError, match="can't be read: No such file"):
        invoke.payload("@/no/such/file")


def test_pairs() -> None:
    assert invoke.pairs(["a: b:c"], ":", "--header") == {"a": "b:c"}
    assert invoke.pairs(["A= b"], "=", "--env") == {"A": " b"}
    with pytest.raises(ToolError, match="name=value"):
        invoke.pairs(["A"], "=", "--env")


def test_a_server_of_somebody_else_needs_its_secret(root: Path) -> None:
    with pytest.raises(ToolError, match="--secret"):
        invoke.invoke(Call(), "http://127.0.0.1:1", None, None)
    with pytest.raises(ToolError, match="no address of a runtime"):
        invoke.invoke(Call(), "ftp://127.0.0.1:1", "s", None)


def test_before_the_first_launch_it_says_so(root: Path) -> None:
    with pytest.raises(ToolError, match="Nothing was launched yet"):
        last.address()
