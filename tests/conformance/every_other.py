"""The reference, of which every other launch is a mutant: ``python every_other.py COUNTER MUTANT``."""

from __future__ import annotations

import sys
from pathlib import Path

from slipway_conformance.reference import mutants
from slipway_conformance.reference.__main__ import launch
from slipway_conformance.reference.launcher import ReferenceLauncher


class EveryOther(ReferenceLauncher):
    """Counts its launches in a file, since each run has a launcher of its own."""

    def __init__(self, counter: Path, mutant: str) -> None:
        super().__init__()
        self._command = [sys.executable, __file__, str(counter), mutant]


def main(counter: Path, mutant: str) -> int:
    launched = len(counter.read_text()) if counter.exists() else 0
    counter.write_text("x" * (launched + 1))
    if launched % 2:
        mutants.apply(mutant)
    return launch()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
