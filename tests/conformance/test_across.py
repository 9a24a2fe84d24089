"""Several targets that answer alike, and one that doesn't."""

import pytest
from slipway_conformance import across
from slipway_conformance.reference.launcher import ReferenceLauncher


def names(*mutants: str) -> list[str]:
    launchers = [ReferenceLauncher(mutant) for mutant in mutants]
    return [difference.property for difference in across.compare(launchers)]


def test_the_reference_answers_as_it_does_itself() -> None:
    assert names("", "") == []


@pytest.mark.parametrize(
    ("mutant", "properties"),
    [
        ("json-is-ascii", {"JSON that is echoed"}),
        ("broken-json-has-a-code-of-its-own", {"an envelope that is not quite JSON"}),
        ("path-is-decoded-and-tidied", {"a raw request that is reported"}),
    ],
)
def test_a_mutant_is_told_from_the_reference(mutant: str, properties: set[str]) -> None:
    assert properties <= set(names("", mutant))


def test_a_difference_shows_the_request_and_each_answer() -> None:
    launchers = [ReferenceLauncher(""), ReferenceLauncher("json-is-ascii")]
    told = str(across.compare(launchers)[0])
    assert "curl -i http://" in told
    assert all(f"  {launcher.name}: " in told for launcher in launchers)
    assert launchers[0].name != launchers[1].name


def test_one_target_is_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        across.compare([ReferenceLauncher("")])
