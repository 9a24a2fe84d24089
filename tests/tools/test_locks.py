"""Which packages a verb waits for: those that it imports, whatever module of these two packages does."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import slipway_conformance
import typer
from slipway_tools import cli

ROOT = Path(__file__).resolve().parents[2]
OURS = ("slipway_tools", "slipway_conformance")
# What a module imports by a name that it puts together.
BY_NAME = {"slipway_conformance.cases": ["slipway_conformance.properties"]}


def _locked(name: str) -> set[str]:
    """The distributions of a lock file."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return {_plain(re.split(r"[=\s]", line)[0]) for line in lines if re.match("[a-zA-Z]", line)}


def _plain(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def _verbs(app: typer.Typer = cli.app) -> Iterator[tuple[str, Callable[..., Any]]]:
    """All verbs and what they call; those of a group go by the group's name."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield command.name or command.callback.__name__, command.callback
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for _, callback in _verbs(group.typer_instance):
            yield str(group.name), callback


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    """What *tree* imports at any depth but for types alone, by full names; names within a module too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (found.name for found in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (above, node.module) if part)
            yield from (f"{module}.{found.name}" for found in node.names)
        else:
            yield from _imports(node, package)


def _modules(name: str) -> Iterator[str]:
    """The modules that a full name loads: those above it, and where a package loads it from later."""
    top, *rest = name.split(".")
    if top == "slipway_conformance" and rest and rest[0] in slipway_conformance._HOMES:
        rest[0] = slipway_conformance._HOMES[rest[0]]
    for count in range(len(rest) + 1):
        module = ".".join([top, *rest[:count]])
        if count and not hasattr(import_module(module.rpartition(".")[0]), "__path__"):
            return
        if find_spec(module) is not None:
            yield module


@cache
def _imported_by(module: str) -> frozenset[str]:
    found = import_module(module)
    package = module if hasattr(found, "__path__") else module.rpartition(".")[0]
    return frozenset(_imports(ast.parse(inspect.getsource(found)), package))


def _foreign(names: Iterator[str]) -> set[str]:
    """The packages of others that are imported with *names*, through any module of ours."""
    foreign, seen, left = set(), set[str](), list(names)
    while left:
        name = left.pop()
        if name.partition(".")[0] not in OURS:
            foreign.add(name.partition(".")[0])
            continue
        for module in set(_modules(name)) - seen:
            seen.add(module)
            left += [*_imported_by(module), *BY_NAME.get(module, [])]
    return foreign


def _imported(callback: Callable[..., Any]) -> set[str]:
    own = ast.parse(textwrap.dedent(inspect.getsource(callback)))
    return _foreign(_imports(own, callback.__module__.rpartition(".")[0]))


def test_the_verbs_that_import_more_get_more() -> None:
    listed = re.search(r"(?m)^(\S.*)\) lock=\$everything", (ROOT / "slipway").read_text("utf-8"))
    assert listed
    more = _locked("requirements-dev.txt") - _locked("requirements.txt")
    of = packages_distributions()
    missing = {
        verb: sorted(
            package
            for package in _imported(callback)
            if {_plain(found) for found in of.get(package, [])} & more
        )
        for verb, callback in _verbs()
    }
    assert {verb for verb, packages in missing.items() if packages} == set(listed[1].split(" | "))
