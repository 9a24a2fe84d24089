"""What images say of themselves is held against what they do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from slipway_conformance import cases, contract
from slipway_conformance.reference import settings
from slipway_conformance.reference.launcher import ReferenceLauncher

from tests.conformance.conftest import Judge


class Labelled(ReferenceLauncher):
    """The reference, as if it were images with these labels."""

    def __init__(self, **labels: str) -> None:
        super().__init__()
        self.abilities |= {"container"}
        self._labels = labels

    def labels(self) -> Mapping[str, Mapping[str, str]]:
        terms = contract.load()
        right = {
            "language": "python",
            "version": "3",
            "contract": terms.version,
            "entrypoint": settings.ENTRYPOINT,
            "memory": str(self.memory),
            "profiles": "core",
        }
        said = right | self._labels
        return {
            role: {terms.label(name): value for name, value in {**said, "role": role}.items()}
            for role in ("launch", "build")
        }


def _found(judge: Judge, **labels: str) -> list[str]:
    (case,) = (case for case in cases.load() if case.id == "13.7-labels")
    (result,) = judge(case, launcher=Labelled(**labels)).results
    return list(result.mismatches)


def test_right_labels_pass(judge: Judge) -> None:
    assert not _found(judge)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("entrypoint", "src/lib.rs", "status: expected 200, got 503"),
        ("memory", "a lot", "'a lot', no number of MiB"),
        ("memory", "", "has no label org.slipway.memory"),
        ("contract", "0.9", "names contract 0.9"),
    ],
)
def test_a_wrong_label_fails(judge: Judge, name: str, value: str, why: str) -> None:
    assert any(why in mismatch for mismatch in _found(judge, **{name: value}))
