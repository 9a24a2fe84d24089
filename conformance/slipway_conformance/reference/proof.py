"""What a proof of the suite found: which mutant failed which case, and what that says. Values only,
and their two forms on paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, frozen

from .. import contract

SCHEMA = "slipway-proof/1"


@frozen
class Trial:
    """The suite on one mutant. ``caught`` are the cases of its own clauses that failed, ``strayed``
    those of other clauses, ``problems`` what went wrong with the suite itself."""

    mutant: str
    clauses: tuple[str, ...]
    told: str
    defect: int
    caught: tuple[str, ...]
    strayed: tuple[str, ...]
    problems: tuple[str, ...]
    ran: int
    seconds: float


@frozen
class Proof:
    """``judged`` are the cases that the reference was judged by, ``exempt`` those that only a
    container can show; ``failed`` are those that the reference itself failed."""

    judged: tuple[str, ...]
    exempt: tuple[str, ...]
    failed: tuple[str, ...]
    trials: tuple[Trial, ...]
    seconds: float
    partial: bool = False

    @property
    def catchers(self) -> Mapping[str, list[str]]:
        """Case to the mutants that it caught."""
        found: dict[str, list[str]] = defaultdict(list)
        for trial in self.trials:
            for case in trial.caught:
                found[case].append(trial.mutant)
        return found

    @property
    def survivors(self) -> list[str]:
        return [trial.mutant for trial in self.trials if not trial.caught]

    @property
    def idle(self) -> list[str]:
        """Cases that caught no mutant; none where only some mutants were tried."""
        caught = self.catchers
        return [] if self.partial else [case for case in self.judged if case not in caught]

    @property
    def share(self) -> float:
        """Of the mutants, how many were caught."""
        return 1 - len(self.survivors) / len(self.trials) if self.trials else 0.0

    @property
    def problems(self) -> list[str]:
        """Everything for which the proof fails, a line each."""
        found = [f"the reference fails {case}" for case in self.failed]
        found += [f"the mutant {name} survives" for name in self.survivors]
        found += [f"the case {case} catches no mutant" for case in self.idle]
        for trial in self.trials:
            found += [f"the mutant {trial.mutant} fails {case}" for case in trial.strayed]
            found += [f"on the mutant {trial.mutant}: {told}" for told in trial.problems]
        return found


def document(proof: Proof) -> dict[str, Any]:
    """The proof as JSON."""
    return {
        "schema": SCHEMA,
        "contract": contract.load().version,
        "share": proof.share,
        "problems": proof.problems,
        "cases": {case: proof.catchers.get(case, []) for case in proof.judged},
        "exempt": list(proof.exempt),
        "mutants": [asdict(trial) for trial in proof.trials],
        "seconds": round(proof.seconds, 1),
    }


def markdown(proof: Proof) -> str:
    """Which case covers which clause, and which mutants show that it does."""
    caught, terms = proof.catchers, contract.load()
    lines = [
        f"# What covers contract {terms.version}",
        "",
        "Made by `slipway mutants` from a real run: every mutant breaks one clause of the reference",
        "server, and must be caught by a case of that clause.",
        "",
        f"{len(proof.judged)} cases judged on the reference, {len(proof.exempt)} that only a container "
        f"can show, {len(proof.trials) - len(proof.survivors)} of {len(proof.trials)} mutants caught.",
        "",
        "| clause | case | catches |",
        "|---|---|---|",
    ]
    for number in terms.clauses:
        cases = [case for case in (*proof.judged, *proof.exempt) if _clause(case) == number]
        for case in cases:
            shown = ", ".join(caught.get(case, [])) or "container only"
            lines.append(f"| {number} | {case} | {shown} |")
    lines += ["", "## Mutants", "", "| mutant | breaks | what is wrong with it |", "|---|---|---|"]
    for trial in proof.trials:
        found = f" (found in the wild: {trial.defect})" if trial.defect else ""
        lines.append(f"| {trial.mutant} | {', '.join(trial.clauses)} | {trial.told}{found} |")
    return "\n".join(lines) + "\n"


def summary(proof: Proof) -> Sequence[str]:
    """The proof in a few lines."""
    return [
        f"{len(proof.trials) - len(proof.survivors)} of {len(proof.trials)} mutants caught "
        f"({proof.share:.3f}) by {len(proof.catchers)} of {len(proof.judged)} cases, "
        f"{len(proof.exempt)} container-only cases left out, {proof.seconds:.0f} s",
        *proof.problems,
    ]


def _clause(case: str) -> str:
    return case.partition("-")[0]
