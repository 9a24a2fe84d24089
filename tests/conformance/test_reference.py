"""The reference runtime passes the suite, and its mutants are caught."""

from __future__ import annotations

import pytest
from slipway_conformance import api, cases, contract
from slipway_conformance.outcomes import Outcome
from slipway_conformance.reference import mutants, proof, prove
from slipway_conformance.reference.launcher import ReferenceLauncher
from slipway_conformance.reference.proof import Proof, Trial

# Defects in the list of those found in the wild that a server can't have: they concern archives.
NOT_OF_A_SERVER = {20}


@pytest.mark.proof
def test_the_reference_passes_every_case() -> None:
    report = api.verify([api.Subject(ReferenceLauncher())])
    (target,) = report.targets
    wrong = {
        result.case.id: result.mismatches
        for result in target.results
        if result.outcome not in (Outcome.PASS, Outcome.NOT_JUDGED)
    }
    assert not target.problems
    assert not wrong
    unjudged = [result.case for result in target.results if result.outcome is Outcome.NOT_JUDGED]
    assert all("container" in case.needs for case in unjudged)


HANDFUL = (
    "any-secret-will-do",
    "nan-is-json",
    "headers-stay",
    "blocking-holds-the-server",
    "native-output-is-nobodys",
    "signals-end-it-at-once",
    "both-lengths-are-fine",
)


@pytest.mark.proof
@pytest.mark.parametrize("name", HANDFUL)
def test_a_mutant_is_caught(name: str) -> None:
    judged = {case.id for case in cases.load() if "container" not in case.needs}
    trial = prove.attempt(name, judged, quick=())
    assert trial.caught
    assert not trial.strayed
    assert not trial.problems


def test_there_are_mutants_enough() -> None:
    assert len(mutants.load()) >= 60


def test_every_mutant_says_what_it_breaks() -> None:
    known = contract.load().clauses.keys()
    for mutant in mutants.load().values():
        assert mutant.told.endswith("."), mutant.name
        assert mutant.clauses, mutant.name
        assert {*mutant.clauses, *mutant.also} <= known, mutant.name


def test_every_defect_of_a_server_has_its_mutant() -> None:
    found = {mutant.defect for mutant in mutants.load().values()} - {0}
    assert found == set(range(1, 21)) - NOT_OF_A_SERVER


def test_what_is_gone_cannot_be_replaced() -> None:
    with pytest.raises(AttributeError, match="no unheard_of to replace"):
        mutants.replace(prove, "unheard_of", None)


def trial(
    name: str = "one", caught: tuple[str, ...] = ("1.1-answers",), **members: object
) -> Trial:
    usual = {"strayed": (), "problems": (), "ran": 1, "seconds": 1.0, "told": "It is wrong."}
    return Trial(name, ("1.1",), caught=caught, defect=0, **usual | members)  # type: ignore[arg-type]


def proof_of(*trials: Trial, **members: object) -> Proof:
    usual = {"judged": ("1.1-answers",), "exempt": (), "failed": (), "seconds": 1.0}
    return Proof(trials=trials, **usual | members)  # type: ignore[arg-type]


def test_a_proof_that_holds() -> None:
    found = proof_of(trial())
    assert found.problems == []
    assert found.share == 1


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (proof_of(trial(caught=())), "the mutant one survives"),
        (proof_of(trial(), judged=("1.1-answers", "1.2-x")), "the case 1.2-x catches no mutant"),
        (proof_of(trial(strayed=("2.1-x",))), "the mutant one fails 2.1-x"),
        (proof_of(trial(problems=("it broke",))), "on the mutant one: it broke"),
        (proof_of(trial(), failed=("1.1-answers",)), "the reference fails 1.1-answers"),
    ],
    ids=["survivor", "idle case", "stray", "broken suite", "broken reference"],
)
def test_a_proof_that_does_not_hold(found: Proof, told: str) -> None:
    assert told in found.problems


@pytest.mark.parametrize("one_in", [1, 2, 3, 7])
def test_so_many_mutants_in_a_row_meet_each_case_once(one_in: int) -> None:
    quick = [f"1.1-{number}" for number in range(20)]
    met = [case for place in range(one_in) for case in prove.share(quick, place, one_in)]
    assert sorted(met) == sorted(quick)


def test_a_proof_on_paper() -> None:
    found = proof_of(trial(), exempt=("12.1-user",))
    text = proof.markdown(found)
    assert "| 1.1 | 1.1-answers | one |" in text
    assert "| 12.1 | 12.1-user | container only |" in text
    assert proof.document(found)["cases"] == {"1.1-answers": ["one"]}
