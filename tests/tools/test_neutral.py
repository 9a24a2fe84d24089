"""A language is plugged in by its folder alone: no code of the tools or the suite names one, or its tools."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from slipway_conformance import runtime

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(ROOT.glob("runtimes/*/runtime.yaml"))
SOURCES = sorted(
    path
    for folder in ("tools/slipway_tools", "conformance/slipway_conformance")
    for path in (ROOT / folder).rglob("*.py")
)
# Beside the commands that a runtime.yaml requires: what comes with those.
MORE_TOOLS = {"gem", "gradle", "javac", "pip", "pip3", "pyenv", "python", "rustc", "rustup", "yarn"}
# Words of English, too: they count where they stand alone, and in capitals.
ENGLISH = {"go", "swift", "dart", "rust", "node", "ruby", "bundle"}
# What these modules say of them has to be said, whatever languages there are.
ALLOWED = {
    # What no serving image may hold.
    "conformance/slipway_conformance/probes/container.py": {
        *("cargo", "cc", "composer", "gem", "javac", "npm", "pip", "pip3", "rustc", "rustup"),
        *("swiftc", "yarn"),
    },
    # Of certificates: how names of variables end.
    "conformance/slipway_conformance/targets/process.py": {"bundle"},
    # What the suite and the tools themselves are written in, and how their packages are installed.
    "conformance/slipway_conformance/__main__.py": {"python"},
    "conformance/slipway_conformance/cases.py": {"python"},
    "conformance/slipway_conformance/reference/__main__.py": {"python"},
    "conformance/slipway_conformance/reference/launcher.py": {"python"},
    "tools/slipway_tools/bench/cli.py": {"pip"},
    "tools/slipway_tools/doctor.py": {"python"},
    "tools/slipway_tools/report.py": {"pip"},
    "tools/slipway_tools/test/static.py": {"python"},
}


def _names() -> set[str]:
    found = {path.parent.name for path in FILES} | MORE_TOOLS
    for path in FILES:
        process = yaml.safe_load(path.read_text("utf-8")).get("process", {})
        found |= {need["command"] for need in process.get("requires", [])}
    return found


def _texts(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def named(code: str, names: set[str]) -> set[str]:
    """Those of *names* that are words of a string in *code*."""
    found = set()
    for text in _texts(code):
        for word in re.findall(r"[A-Za-z0-9]+", text):
            small = word.lower()
            if small in names and (
                small not in ENGLISH or word.isupper() or len(text) == len(word)
            ):
                found.add(small)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_language_is_named(path: Path) -> None:
    names = _names()
    assert len(names) > len(MORE_TOOLS)
    # What is allowed and no longer said is to be taken out of the list.
    assert named(path.read_text("utf-8"), names) == ALLOWED.get(str(path.relative_to(ROOT)), set())


def test_every_interpreted_language_says_how_it_throws() -> None:
    found = [runtime.load(path) for path in FILES]
    assert [one.language for one in found if one.kind == "interpreted" and not one.throws] == []


def test_what_is_allowed_is_there() -> None:
    assert ALLOWED.keys() <= {str(path.relative_to(ROOT)) for path in SOURCES}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("'php'", {"php"}),
        ("x = \"<?php )]}{ '''\\n\"", {"php"}),
        ("{'CARGO_HOME': 1}", {"cargo"}),
        ("f'{x} NODE_EXTRA_CA_CERTS={y}'", {"node"}),
        ("'go'", {"go"}),
        ("'cases go on'", set()),
        ("go = 1", set()),
    ],
)
def test_words_within_texts_are_seen(code: str, found: set[str]) -> None:
    assert named(code, {"php", "cargo", "node", "go"}) == found
