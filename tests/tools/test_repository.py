"""Which runtime is meant, and when its files have changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from unittest.mock import Mock

import pytest
from slipway_conformance.runtime import RuntimeFileError, load
from slipway_tools import repository
from slipway_tools.engine import buildkit, images
from slipway_tools.errors import ToolError
from slipway_tools.run import Run
from slipway_tools.terminal import Steps


def test_a_language_alone_is_its_default_version(root: Path) -> None:
    assert repository.choose("toy").name == "toy:1"
    assert repository.choose("toy:2").build_image == "slipway/toy:2-build"


def test_names_without_a_version_are_all_versions(root: Path) -> None:
    assert [choice.name for choice in repository.choices(["toy"])] == ["toy:2", "toy:1"]
    assert [choice.name for choice in repository.choices(["toy:1"])] == ["toy:1"]
    assert [choice.name for choice in repository.choices(None)] == ["toy:2", "toy:1"]


def test_an_unknown_name_is_answered_with_what_there_is(root: Path) -> None:
    with pytest.raises(ToolError, match=r"'cobol'.*: toy\."):
        repository.choose("cobol")
    with pytest.raises(ToolError, match=r"no version '9' here: 2, 1\."):
        repository.choose("toy:9")


def test_labels_say_what_an_executor_needs(root: Path) -> None:
    labels = repository.labels(repository.choose("toy"), "launch")
    assert labels["org.slipway.language"] == "toy"
    assert labels["org.slipway.role"] == "launch"
    assert labels["org.slipway.entrypoint"] == "main.toy"
    assert labels["org.slipway.profiles"] == "core,result"
    assert labels["org.slipway.memory"] == "64"


def test_labels_say_what_is_launched_of_a_build_and_in_how_much_memory(root: Path) -> None:
    file = root / "runtimes" / "toy" / "runtime.yaml"
    file.write_text(file.read_text() + "built: program\nmemory: 96\n")
    labels = repository.labels(repository.choose("toy"), "build")
    assert labels["org.slipway.entrypoint"] == "program"
    assert labels["org.slipway.memory"] == "96"


def test_the_digest_changes_with_content_names_and_modes(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a")
    seen = [repository.digest(tmp_path)]
    file.write_text("b")
    seen.append(repository.digest(tmp_path))
    file.chmod(0o755)
    seen.append(repository.digest(tmp_path))
    file.rename(tmp_path / "other")
    seen.append(repository.digest(tmp_path))
    seen.append(repository.digest(tmp_path, "more"))
    assert len(set(seen)) == 5


def test_the_digest_ignores_what_tools_made(tmp_path: Path) -> None:
    before = repository.digest(tmp_path)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "file").write_text("made")
    assert repository.digest(tmp_path) == before


def test_what_a_runtime_shares_is_a_source_of_its_images(root: Path) -> None:
    base, part = root / "runtimes" / "base", root / "runtimes" / "part"
    for folder in (base, part):
        folder.mkdir()
        (folder / "Dockerfile").write_text("FROM scratch\n")
    file = root / "runtimes" / "toy" / "runtime.yaml"
    file.write_text(file.read_text() + "shared: [part]\n")
    choice = repository.choose("toy")
    assert choice.runtime.folders == (file.parent, part)
    before = images.source(choice)
    (part / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    assert images.source(choice) != before


def test_what_is_shared_is_built_after_what_it_copies_from(
    root: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    for folder in (root / "runtimes" / name for name in ("base", "part", "whole")):
        folder.mkdir()
        (folder / "Dockerfile").write_text("FROM scratch\n")
    file = root / "runtimes" / "toy" / "runtime.yaml"
    file.write_text(file.read_text() + "shared: [whole, part]\n")
    built: dict[str, Mapping[str, str]] = {}
    monkeypatch.setattr(images, "build_base", lambda *given: None)
    monkeypatch.setattr(
        buildkit, "build", lambda wanted, tell: built.update({wanted.tag: wanted.args})
    )
    with Steps() as steps:
        images.build(Mock(), [repository.choose("toy")], run, steps)
    base, whole, part = {"BASE": images.BASE}, "slipway/whole:1", "slipway/part:1"
    assert list(built) == [whole, part, "slipway/toy:1-build", "slipway/toy:1"]
    assert built[whole] == base
    assert built[part] == base | {"WHOLE": whole}
    assert built["slipway/toy:1"].items() >= (base | {"WHOLE": whole, "PART": part}).items()


def test_an_image_is_made_again_where_its_labels_would_say_something_else(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = root / "runtimes" / "base"
    base.mkdir()
    (base / "Dockerfile").write_text("FROM scratch\n")
    choice = repository.choose("toy")
    before = images.source(choice)
    monkeypatch.setattr(repository, "labels", lambda choice, role: {"org.slipway.new": "1"})
    assert images.source(choice) != before


def test_what_is_shared_and_not_there_is_named(root: Path) -> None:
    file = root / "runtimes" / "toy" / "runtime.yaml"
    file.write_text(file.read_text() + "shared: [part]\n")
    with pytest.raises(RuntimeFileError, match=r"runtime\.yaml: shared: part: there is no folder"):
        load(file)
