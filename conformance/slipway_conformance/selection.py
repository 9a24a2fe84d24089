"""Which cases to run: by id or glob, clause, profile, or because they failed last time."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Sequence

from attrs import frozen

from .cases import Case


class SelectionError(ValueError):
    """A pattern matches nothing; the message says which."""


@frozen
class Selection:
    """Each list narrows the choice; an empty one doesn't. ``ids`` is a set to keep to, None for no
    such limit. ``own`` are cases to run instead of those that are known."""

    patterns: Sequence[str] = ()
    clauses: Sequence[str] = ()
    profiles: Sequence[str] = ()
    ids: Collection[str] | None = None
    own: Sequence[Case] = ()

    def choose(self, cases: Sequence[Case]) -> list[Case]:
        """The chosen cases in order; SelectionError for a pattern that matches none."""
        chosen = list(self.own or cases)
        for kind, wanted, matches in (
            ("case", self.patterns, lambda case, word: fnmatch.fnmatchcase(case.id, word)),
            (
                "clause",
                self.clauses,
                lambda case, word: f"{case.clause.number}.".startswith(f"{word.rstrip('.')}."),
            ),
            ("profile", self.profiles, lambda case, word: case.profile == word),
        ):
            for word in wanted:
                if not any(matches(case, word) for case in cases):
                    raise SelectionError(
                        f"no case matches --{kind} {word}: see --list for what there is"
                    )
            if wanted:
                chosen = [case for case in chosen if any(matches(case, word) for word in wanted)]
        if self.ids is not None:
            chosen = [case for case in chosen if case.id in self.ids]
        if not chosen:
            raise SelectionError("no case is left to run: the given filters exclude each other")
        return chosen
