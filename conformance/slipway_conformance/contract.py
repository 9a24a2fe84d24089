"""The contract as values: clauses from CONTRACT.md, names and numbers from contract.yaml. Knows no
case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from attrs import frozen

from . import data

_SECTION = re.compile(r"^## (\d+) (.+)$")
_PROFILE = re.compile(r"^profile: ([a-z]+)$")
_CLAUSE = re.compile(r"^\*\*(\d+\.\d+)\*\* (MUST NOT|MUST|SHOULD)(,? .+)$")


@frozen
class Clause:
    """One numbered statement; ``level`` is MUST or SHOULD, ``profile`` the one its section belongs
    to."""

    number: str
    level: str
    text: str
    section: str
    profile: str

    @property
    def sort_key(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.number.split("."))


@frozen
class Contract:
    """Everything that the suite knows of the contract. ``values`` is contract.yaml as it stands."""

    version: str
    clauses: Mapping[str, Clause]
    values: Mapping[str, Any]

    def header(self, name: str) -> str:
        """The header that goes by *name* in contract.yaml."""
        return str(self.values["headers"][name])

    def variable(self, name: str) -> str:
        """The environment variable that goes by *name*."""
        return str(self.values["variables"][name]["name"])

    def default(self, name: str) -> Any:
        """The default of the variable that goes by *name*."""
        return self.values["variables"][name]["default"]

    def limit(self, name: str) -> Any:
        return self.values["limits"][name]

    def path(self, name: str) -> str:
        return str(self.values["paths"][name])

    def label(self, name: str) -> str:
        return str(self.values["labels"][name])

    @property
    def memory(self) -> int:
        """MiB in which a runtime serves whose runtime.yaml says nothing else."""
        return int(self.values["container"]["memory"])

    @property
    def errors(self) -> Mapping[str, int]:
        """Error code to HTTP status."""
        errors: Mapping[str, int] = self.values["errors"]
        return errors

    @property
    def profiles(self) -> list[str]:
        return list(self.values["profiles"])


def parse_clauses(text: str) -> dict[str, Clause]:
    """The clauses of a contract's text; ValueError for a number that is given twice."""
    clauses: dict[str, Clause] = {}
    section = profile = ""
    for line in text.splitlines():
        if heading := _SECTION.match(line):
            section = heading[2]
        elif of_section := _PROFILE.match(line):
            profile = of_section[1]
        elif clause := _CLAUSE.match(line):
            number, level, words = clause.groups()
            if number in clauses:
                raise ValueError(f"CONTRACT.md: clause {number} is there twice")
            statement = level + words
            clauses[number] = Clause(number, level.split()[0], statement, section, profile)
    return clauses


@cache
def load() -> Contract:
    """The contract of this version of the suite."""
    values = data.read_yaml(data.root() / "contract.yaml")
    clauses = parse_clauses((data.root() / "CONTRACT.md").read_text("utf-8"))
    return Contract(values["version"], MappingProxyType(clauses), MappingProxyType(values))
