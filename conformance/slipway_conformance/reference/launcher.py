"""The reference, or a mutant of it, as a target."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from .. import contract
from ..targets import FREE, THROWN, Ability, Confined
from ..targets.process import CommandLauncher, RunningProcess, surroundings
from . import offline, settings

_ABILITIES = (Ability.BUILD, Ability.SOURCE, Ability.SCRIPTS, Ability.EXHAUST, Ability.CONFINED)
_LOOKS_SECONDS = 0.02


class ReferenceLauncher(CommandLauncher):
    """Builds and launches ``python -m slipway_conformance.reference``."""

    memory = 128
    throws = f"raise RuntimeError('{THROWN}')\n"
    blocks = settings.ENTRYPOINT

    def __init__(self, mutant: str = "") -> None:
        package = __name__.rpartition(".")[0]
        chosen = ["--mutant", mutant] if mutant else []
        command = [sys.executable, "-m", package, *chosen]
        super().__init__(mutant or "reference", command, abilities=_ABILITIES)
        self.function = settings.BUILT_IN
        self.entrypoint = settings.ENTRYPOINT
        self._folder = Path(tempfile.mkdtemp(prefix="slipway-"))
        self._built = self._folder / "build"

    def prepare(self) -> None:
        """Copies the function: what the build makes of it is a matter of clause 13."""
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(self.function, self._built, ignore=skipped, dirs_exist_ok=True)

    def build(self, source: Path, build: Path) -> tuple[int, str]:
        terms = contract.load()
        folders = {terms.variable("source"): str(source), terms.variable("build"): str(build)}
        done = subprocess.run(
            [*self._command, "build"],
            env=surroundings() | folders,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    def launch(
        self,
        env: Mapping[str, str],
        *,
        folder: Path | None = None,
        beside: Path | None = None,
        wait: str | None = "ready",
        confined: Confined = FREE,
    ) -> RunningProcess:
        if not confined.network:
            env = {**env, offline.VARIABLE: "1"}
        running = super().launch(env, folder=folder or self._built, beside=beside, wait=wait)
        if confined.memory:
            threading.Thread(
                target=_hold, args=(running, confined.memory << 20), daemon=True
            ).start()
        return running

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _hold(running: RunningProcess, most: int) -> None:
    """Does what a kernel does to a container: ends whoever takes more memory than there is."""
    while running.alive():
        if running.stats().memory > most:
            running.ended_for_memory = True
            running.stop()
        time.sleep(_LOOKS_SECONDS)
