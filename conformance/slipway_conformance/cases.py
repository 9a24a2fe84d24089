"""Cases: what is checked, from cases/*.yaml (data) and from properties.py and the modules in
probes/ (Python). Knows no target."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
from attrs import field, frozen

from . import contract, data

if TYPE_CHECKING:
    from .session import Session

Probe = Callable[["Session"], None]


class CaseError(ValueError):
    """The cases themselves are wrong; the message says which and how."""


@frozen
class Exchange:
    """One request and what its answer must be, as cases.schema.json describes both."""

    request: Mapping[str, Any]
    expect: Mapping[str, Any]


@frozen
class Case:
    """One check. ``launch`` is what its target's environment has beyond the usual; ``needs`` are
    abilities of the target without which it can't be judged; ``alone`` keeps other cases away from its
    server, and most of them from the machine, while it runs; of those that do, the ``quiet`` ones mostly
    wait, harm no server but their own, and may overlap with each other. What ``harms`` makes its server
    replace a process, which clause 7.5 gives time for: it comes last."""

    id: str
    why: str
    profile: str
    since: str = "1.0"
    launch: Mapping[str, str] = field(factory=dict)
    needs: frozenset[str] = frozenset()
    exchanges: tuple[Exchange, ...] = ()
    together: bool = False
    probe: Probe | None = None
    alone: bool = False
    quiet: bool = False
    harms: bool = False

    @property
    def clause(self) -> contract.Clause:
        return contract.load().clauses[self.id.split("-", 1)[0]]

    @property
    def counts(self) -> bool:
        """Whether it counts towards this version of the contract; a later case only warns."""
        return _version(self.since) <= _version(contract.load().version)

    @property
    def sort_key(self) -> tuple[tuple[int, ...], str]:
        return (self.clause.sort_key, self.id)


_probes: dict[str, Case] = {}


def probe(
    case_id: str,
    *,
    why: str,
    profile: str | None = None,
    since: str = "1.0",
    launch: Mapping[str, str] | None = None,
    needs: Iterable[str] = (),
    alone: bool = False,
    quiet: bool = False,
    harms: bool = False,
) -> Callable[[Probe], Probe]:
    """Registers a function as the case *case_id*; ``needs`` are names of abilities (see
    targets/base.py)."""

    def register(function: Probe) -> Probe:
        if case_id in _probes:
            raise CaseError(f"the case {case_id} is there twice")
        _probes[case_id] = Case(
            id=case_id,
            why=why,
            profile=profile or _profile_of(case_id),
            since=since,
            launch=launch or {},
            needs=frozenset(needs) | ({"launch"} if launch else set()),
            probe=function,
            alone=alone or quiet,
            quiet=quiet,
            harms=harms,
        )
        return function

    return register


@cache
def load() -> tuple[Case, ...]:
    """All cases in the order of their clauses; CaseError where they are wrong."""
    from . import probes

    importlib.import_module(f"{__package__}.properties")
    for module in pkgutil.iter_modules(probes.__path__):
        importlib.import_module(f"{probes.__name__}.{module.name}")
    cases = list(_probes.values())
    for path in sorted((data.root() / "cases").glob("*.yaml")):
        cases += read(path)
    return tuple(sorted(cases, key=lambda case: case.sort_key))


def read(path: Path) -> list[Case]:
    """The cases of one file; CaseError where it holds none, or wrong ones."""
    try:
        document = data.read_yaml(path)
    except (OSError, ValueError) as error:
        raise CaseError(f"{path} can't be read: {error}") from error
    problems = list(jsonschema.Draft202012Validator(data.schema("cases")).iter_errors(document))
    if problems:
        places = (
            f"{path.name}: {'/'.join(map(str, p.absolute_path))}: {p.message}" for p in problems
        )
        raise CaseError("\n".join(places))
    return [_from_values(values) for values in document["cases"]]


def lint(cases: Sequence[Case]) -> list[str]:
    """What is wrong with the set as a whole: ids given twice, clauses without a case, unknown
    profiles, a frozen list that says something else than the cases do."""
    found: list[str] = []
    seen: set[str] = set()
    terms = contract.load()
    covered: set[str] = set()
    for case in cases:
        if case.id in seen:
            found.append(f"{case.id}: the id is there twice")
        seen.add(case.id)
        covered.add(case.clause.number)
        if case.profile not in terms.profiles:
            found.append(f"{case.id}: the profile {case.profile} is not in contract.yaml")
        if "\n" in case.why or len(case.why) < 15:
            found.append(f"{case.id}: why must be one line that says something")
    found.extend(
        f"clause {number} has no case" for number in terms.clauses if number not in covered
    )
    return found + _lint_counted({case.id for case in cases if case.counts})


def counted_file() -> Path:
    """The frozen list of the cases that count towards this version of the contract."""
    return data.root() / "counted" / f"{contract.load().version}.txt"


def _lint_counted(counted: set[str]) -> list[str]:
    path = counted_file()
    listed = set(path.read_text("utf-8").split()) if path.is_file() else set()
    later = [
        f'{case_id}: not in {path.name}, which is frozen: give it a later `since`, or run "lint --freeze" '
        "while the version is not published"
        for case_id in sorted(counted - listed)
    ]
    gone = [
        f"{case_id}: in {path.name}, but no case that counts"
        for case_id in sorted(listed - counted)
    ]
    return later + gone


def _version(written: str) -> tuple[int, ...]:
    return tuple(int(part) for part in written.split("."))


def _from_values(values: Mapping[str, Any]) -> Case:
    exchanges = values.get("exchanges") or [
        {"request": values["request"], "expect": values["expect"]}
    ]
    needs = {"launch"} if values.get("launch") else set()
    if any({"logs", "no_logs"} & exchange["expect"].keys() for exchange in exchanges):
        needs.add("logs")
    return Case(
        id=values["id"],
        why=values["why"],
        needs=frozenset(needs),
        profile=values.get("profile") or _profile_of(values["id"]),
        since=values.get("since", "1.0"),
        launch=values.get("launch", {}),
        exchanges=tuple(
            Exchange(exchange["request"], exchange["expect"]) for exchange in exchanges
        ),
        together=values.get("together", False),
    )


def _profile_of(case_id: str) -> str:
    number = case_id.split("-", 1)[0]
    clause = contract.load().clauses.get(number)
    if clause is None:
        raise CaseError(f"{case_id}: CONTRACT.md has no clause {number}")
    return clause.profile
