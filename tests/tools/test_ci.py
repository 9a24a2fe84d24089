"""ci.yml: where it stands, and that no job of it can be green without having judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "ci.yml").read_text("utf-8"))["jobs"]
    return found


def test_github_reads_the_same_file() -> None:
    assert (ROOT / ".github" / "workflows" / "ci.yml").read_bytes() == (
        ROOT / "ci.yml"
    ).read_bytes()


def test_the_last_job_waits_for_every_one_that_judges(jobs: dict[str, Any]) -> None:
    assert set(jobs["judged"]["needs"]) == jobs.keys() - {"judged", "publish"}
    assert jobs["judged"]["if"] == "always()"


def test_nothing_is_excused(jobs: dict[str, Any]) -> None:
    for job in jobs.values():
        assert "continue-on-error" not in job
        assert all("continue-on-error" not in step for step in job["steps"])


def test_images_are_pushed_only_after_the_suite_has_judged_them(jobs: dict[str, Any]) -> None:
    steps = jobs["runtime"]["steps"]
    judged = next(i for i, step in enumerate(steps) if ".ci/run" in step.get("run", ""))
    pushed = [i for i, step in enumerate(steps) if "docker push" in step.get("run", "")]
    assert pushed
    assert min(pushed) > judged
    # What also runs after a failure only tells of it.
    always = [step for step in steps[judged:] if "always()" in step.get("if", "")]
    assert [step["run"] for step in always if "run" in step] == [
        'cat reports/report.md >> "$GITHUB_STEP_SUMMARY"'
    ]
    assert set(jobs["publish"]["needs"]) == {"lint", "runtime"}


def test_every_runtime_is_judged_on_both_architectures(jobs: dict[str, Any]) -> None:
    matrix = jobs["runtime"]["strategy"]["matrix"]
    assert matrix["language"] == "${{ fromJSON(needs.plan.outputs.languages) }}"
    assert [machine["arch"] for machine in matrix["machine"]] == ["amd64", "arm64"]


def test_ci_run_is_the_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "export CI=true" in script
    assert './slipway test "$@"' in script
