"""A language is plugged in by its folder alone: no code of the tools or the suite names one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {path.parent.name for path in ROOT.glob("runtimes/*/runtime.yaml")}
SOURCES = sorted(
    path
    for folder in ("tools/slipway_tools", "conformance/slipway_conformance")
    for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_language_is_named(path: Path) -> None:
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert LANGUAGES
    assert not LANGUAGES & set(texts)
