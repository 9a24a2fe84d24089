"""Mutants: the reference with one decision replaced, each breaking a clause of the contract.

A mutant is a function that makes the replacement; its name is the mutant's, its docstring says what
is wrong. One module a group of sections.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache

from attrs import frozen

Change = Callable[[], None]


@frozen
class Mutant:
    """``clauses`` are those that it breaks, ``also`` those that break with them: their cases may
    fail, but aren't run to see it. A ``total`` one fails whatever is asked of it, so that only the
    cases of its own clauses say anything. A ``crossing`` one lets invocations disturb each other:
    cases are run one at a time on it. ``defect`` is its number in a list of defects that were found
    in the wild, 0 where it is none of them."""

    name: str
    clauses: tuple[str, ...]
    told: str
    change: Change
    also: tuple[str, ...] = ()
    total: bool = False
    crossing: bool = False
    defect: int = 0


_mutants: dict[str, Mutant] = {}


def mutant(
    *clauses: str,
    also: Sequence[str] = (),
    total: bool = False,
    crossing: bool = False,
    defect: int = 0,
) -> Callable[[Change], Change]:
    """Registers a change of the reference that breaks *clauses*."""

    def register(change: Change) -> Change:
        name = change.__name__.replace("_", "-")
        if name in _mutants:
            raise ValueError(f"the mutant {name} is there twice")
        told = " ".join((change.__doc__ or "").split())
        _mutants[name] = Mutant(name, clauses, told, change, tuple(also), total, crossing, defect)
        return change

    return register


def replace(owner: object, name: str, new: object) -> None:
    """Replaces a decision that must be there: a mutant of what is gone would prove nothing."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name} to replace")
    setattr(owner, name, new)


@cache
def load() -> dict[str, Mutant]:
    """All mutants by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return _mutants


def apply(name: str) -> None:
    """Makes this process that mutant; KeyError where there is none of this name."""
    load()[name].change()
