"""Where the contract, the cases and the schemas are: beside the package in the repository, inside
it in a wheel."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_PACKAGE = Path(__file__).resolve().parent


@cache
def root() -> Path:
    """The folder that holds ``contract.yaml``."""
    for folder in (_PACKAGE / "data", _PACKAGE.parent):
        if (folder / "contract.yaml").is_file():
            return folder
    raise FileNotFoundError(
        f"contract.yaml is neither in {_PACKAGE / 'data'} nor in {_PACKAGE.parent}: reinstall slipway-conformance"
    )


def read_yaml(path: Path) -> Any:
    """The document in *path*; ValueError with file and place where it is no YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: {error}") from error


@cache
def schema(name: str) -> dict[str, Any]:
    """The JSON schema ``schema/<name>.schema.json``."""
    found: dict[str, Any] = json.loads(
        (root() / "schema" / f"{name}.schema.json").read_text("utf-8")
    )
    return found


# Seven times as fast, and not there where PyYAML was built without its C library.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc]
    """YAML without the implicit dates: a date in a known gap stays the string that was written."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
